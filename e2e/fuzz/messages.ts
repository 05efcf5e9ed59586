import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection, TimeoutError } from '@nats-io/nats-core';
import { catalog, type Message, subjectOf } from '@paceline/shared/contracts';
import { openDatabase, tables } from '@paceline/shared/database';
import { connect } from '@paceline/shared/messaging';
import { eventually } from '@paceline/shared/testing';
import { valuesOf } from '@paceline/shared/testing/values';
import fc from 'fast-check';
import type { TestStack } from './stack.ts';

/** What came of messages that break their contract. */
export interface Fuzzed {
  /** How many were sent, by the catalog's name of the message. */
  readonly sent: Readonly<Record<string, number>>;
  /** How many of them were work, and how many dead letters with a reason there are. */
  readonly badWork: number;
  readonly deadLetters: number;
  /** Requests that were refused with a reason, and those that nobody answered. */
  readonly refused: number;
  readonly ignored: number;
  /** Good commands that were published behind the bad ones, and how many of them did not end as done. */
  readonly neighbours: number;
  readonly lost: number;
  /** Services that are another process than before, or none. */
  readonly crashed: readonly string[];
}

const oddValues: readonly unknown[] = [
  null,
  -1,
  1e18,
  '',
  'x'.repeat(5_000),
  '\u0000\ud800',
  [],
  {},
  true,
  8.64e15 + 1,
  '../..',
];
const encoder = new TextEncoder();
const bytesOf = (value: unknown) => encoder.encode(JSON.stringify(value));

/** Texts and bytes that are no payload of anything. */
const garbage: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json({ maxDepth: 3 }).map((text) => encoder.encode(text)),
  fc.constantFrom(
    encoder.encode(''),
    encoder.encode('{'),
    encoder.encode('{"__proto__":{"do":"x"}}'),
    encoder.encode(`${'['.repeat(20_000)}${']'.repeat(20_000)}`),
    encoder.encode(JSON.stringify('x'.repeat(100_000))),
    new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
  ),
);

/** A right payload of which one field is gone, or another value; wherever it stands. */
const nearlyRight = ({ payload }: Message): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(valuesOf(payload), fc.nat(), fc.option(fc.constantFrom(...oddValues), { nil: undefined }))
    .map(([right, at, odd]) => {
      const value = structuredClone(right) as unknown;
      const places = placesIn(value);
      const place = places[at % places.length];
      if (!place) return bytesOf(odd ?? null);
      place.of[place.key] = odd;
      return bytesOf(value);
    });

function placesIn(value: unknown): Array<{ of: Record<string, unknown>; key: string }> {
  if (typeof value !== 'object' || value === null) return [];
  const of = value as Record<string, unknown>;
  return Object.keys(of).flatMap((key) => [{ of, key }, ...placesIn(of[key])]);
}

const isBad = ({ payload }: Message, data: Uint8Array): boolean => {
  try {
    return !payload.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data))).success;
  } catch {
    return true;
  }
};

const traces = fc.constantFrom(
  undefined,
  '',
  '00-zz-zz-01',
  `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`,
  'x'.repeat(2_000),
);

function headersWith(trace: string | undefined): MsgHdrs {
  const carried = headers();
  if (trace !== undefined) carried.set('traceparent', trace);
  return carried;
}

/** All that is said and not written by its own reader alone: garbage in a journal would be its limiter's own. */
const fuzzedMessages: ReadonlyArray<readonly [string, Message]> = Object.entries(catalog).filter(
  ([, { kind }]) => kind !== 'journal',
);

/** Sends `runs` messages that break their contract to each subject of a running system, good ones behind them. */
export async function fuzzMessages(stack: TestStack, runs: number, seed: number): Promise<Fuzzed> {
  await storeNeighbour(stack.databaseUrl);
  const connection = await connect(stack.broker.adminUrl, 'provision');
  const pids = new Map([...stack.processes].map(([name, process]) => [name, process.pid()]));
  const before = await deadLettersIn(connection);
  const sent: Record<string, number> = {};
  let [refused, ignored, neighbours, lost, badWork] = [0, 0, 0, 0, 0];
  try {
    for (const [name, message] of fuzzedMessages) {
      const bad = fc
        .sample(fc.tuple(fc.oneof(garbage, nearlyRight(message)), traces), { seed, numRuns: runs })
        .filter(([data]) => isBad(message, data));
      sent[name] = bad.length;
      if (message.kind === 'work') badWork += bad.length;
      const send = async ([data, trace]: (typeof bad)[number], index: number) => {
        const subject = subjectOf(message, { partition: index % 8, client: 'nobody', limiter: 'nobody' });
        const carried = headersWith(trace);
        if (message.kind === 'request') {
          const reply = await connection
            .request(subject, data, { timeout: 500, headers: carried })
            .catch(unanswered);
          if (reply?.headers?.get('Nats-Service-Error')) refused += 1;
          else ignored += 1;
        } else if ('stream' in message)
          await jetstream(connection).publish(subject, data, { headers: carried });
        else connection.publish(subject, data, { headers: carried });
      };
      for (let from = 0; from < bad.length; from += 100) {
        await Promise.all(bad.slice(from, from + 100).map((each, index) => send(each, from + index)));
      }
      neighbours += 1;
      if (!(await isDone(stack, connection))) lost += 1;
    }
    const deadLetters = await eventually(
      async () => {
        const count = (await deadLettersIn(connection)) - before;
        if (count < badWork) throw new Error(`${count} of ${badWork} are dead-lettered`);
        return count;
      },
      { timeoutMs: 120_000 },
    ).catch(async () => (await deadLettersIn(connection)) - before);
    const crashed = [...stack.processes].flatMap(([name, { pid }]) =>
      pid() === pids.get(name) ? [] : [name],
    );
    return { sent, badWork, deadLetters, refused, ignored, neighbours, lost, crashed };
  } finally {
    await connection.close();
  }
}

function unanswered(error: unknown): undefined {
  if (error instanceof TimeoutError || /no responders/i.test(String(error))) return undefined;
  throw error;
}

/** A command for a rider whom somebody has already: it ends without a call. */
async function isDone(stack: TestStack, connection: NatsConnection): Promise<boolean> {
  const commandId = crypto.randomUUID();
  const command = { commandId, riderId: neighbour, requestedAt: 1 };
  await jetstream(connection).publish(subjectOf(catalog.addRider), JSON.stringify(command), {
    msgID: commandId,
  });
  return eventually(
    async () => {
      const { state } = await stack.get<{ state: string }>(`/v1/commands/${commandId}`);
      if (state !== 'done') throw new Error(`it is ${state}`);
      return true;
    },
    { timeoutMs: 60_000 },
  ).catch(() => false);
}

/** A rider whom the good commands are for. */
const neighbour = 4_500_001;

async function storeNeighbour(databaseUrl: string): Promise<void> {
  const database = openDatabase(databaseUrl, () => undefined, 1);
  const at = 1_700_000_000_000;
  const row = { riderId: neighbour, name: 'A neighbour', raw: {}, firstSeenAt: at, fetchedAt: at };
  await database.db.insert(tables.riders).values(row).onConflictDoNothing();
  await database.close();
}

/** How many dead letters there are, each of them with its reason. */
async function deadLettersIn(connection: NatsConnection): Promise<number> {
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info('DEAD_LETTERS');
  if (state.messages === 0) return 0;
  const { name } = await manager.consumers.add('DEAD_LETTERS', {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
    headers_only: true,
    inactive_threshold: 60_000_000_000,
  });
  const consumer = await jetstream(connection).consumers.get('DEAD_LETTERS', name);
  let reasoned = 0;
  let seen = 0;
  for await (const letter of await consumer.consume()) {
    seen += 1;
    if (letter.headers?.get('Dead-Letter-Reason')) reasoned += 1;
    if (seen === state.messages) break;
  }
  await consumer.delete();
  return reasoned;
}
