import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import type { TestStack } from '@paceline/kit/stack';
import { services } from '@paceline/shared/contracts';
import { openDatabase } from '@paceline/shared/database';
import { connect } from '@paceline/shared/messaging';

/** A text that the system produces, and where. */
export interface SystemText {
  readonly where: string;
  readonly text: string;
}

/** The generated passwords of the stack, by user. */
export function ownPasswords({ broker, databaseUrl }: TestStack): Record<string, string> {
  const passwordIn = (url: string) => decodeURIComponent(new URL(url).password);
  const ofBroker = services.map((service) => [`broker user ${service}`, passwordIn(broker.urlFor(service))]);
  return {
    ...Object.fromEntries(ofBroker),
    'broker user provision': passwordIn(broker.adminUrl),
    database: passwordIn(databaseUrl),
  };
}

/** The names of the secrets in a text, as they are, in base64 or URL-encoded. */
export function secretsIn(text: string, secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) => {
    const bytes = Buffer.from(secret);
    const forms = [
      secret,
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
      encodeURIComponent(secret),
    ];
    return forms.some((form) => text.includes(form)) ? [name] : [];
  });
}

/** The logs of every process. */
export async function logsOf({ processes }: TestStack): Promise<SystemText[]> {
  const [first] = processes.values();
  const folder = dirname(first?.logFile ?? '');
  const files = await readdir(folder);
  return Promise.all(
    files.map(async (file) => ({ where: `log ${file}`, text: await readFile(join(folder, file), 'utf8') })),
  );
}

/** The responses of every route of the API to an operator, and the health and metrics pages. */
export async function responsesOf({ apiUrl, processes }: TestStack, token: string): Promise<SystemText[]> {
  const headers = { authorization: `Bearer ${token}` };
  const { paths } = (await (await fetch(`${apiUrl}/openapi.json`, { headers })).json()) as { paths: object };
  const pages = Object.keys(paths).filter((path) => !path.includes('{') && path !== '/v1/stream');
  const health = [...processes.values()].map(({ readyUrl }) => readyUrl);
  const urls = [
    ...['/', '/docs', '/openapi.json', ...pages].map((path) => `${apiUrl}${path}`),
    ...health,
    ...health.map((url) => url.replace('/readyz', '/metrics')),
  ];
  return Promise.all(
    urls.map(async (url) => ({ where: url, text: await (await fetch(url, { headers })).text() })),
  );
}

/** Every row of every table. */
export async function rowsOf({ databaseUrl }: TestStack): Promise<SystemText[]> {
  const { db, close } = openDatabase(databaseUrl, () => undefined);
  try {
    const found = await db.execute<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public'`,
    );
    return await Promise.all(
      found.rows.map(async ({ name }) => {
        const { rows } = await db.execute(`select to_json(each) from "${name}" each`);
        return { where: `table ${name}`, text: JSON.stringify(rows) };
      }),
    );
  } finally {
    await close();
  }
}

/** Every message that a stream of the broker holds, with its headers. */
export async function messagesOf({ broker }: TestStack, stream: string): Promise<SystemText[]> {
  const connection = await connect(broker.adminUrl, 'provision');
  try {
    const consumer = await jetstream(connection).consumers.get(stream, { deliver_policy: DeliverPolicy.All });
    const { num_pending: pending } = await consumer.info();
    const read: SystemText[] = [];
    if (pending === 0) return read;
    for await (const message of await consumer.fetch({ max_messages: pending, expires: 2_000 })) {
      const text = `${message.string()}\n${JSON.stringify([...(message.headers ?? [])])}`;
      read.push({ where: `stream ${stream}, ${message.subject}`, text });
    }
    return read;
  } finally {
    await connection.close();
  }
}
