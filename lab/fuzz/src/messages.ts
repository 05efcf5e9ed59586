import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection, TimeoutError } from '@nats-io/nats-core';
import type { TestStack } from '@paceline/kit/stack';
import { catalog, sharedEventConsumer, type Message, subjectOf } from '@paceline/shared/contracts';
import { openDatabase, tables } from '@paceline/shared/database';
import { connect } from '@paceline/shared/messaging';
import { eventually } from '@paceline/shared/testing';
import { valuesOf } from '@paceline/shared/testing/values';
import fc from 'fast-check';
import { noJson, oddValues, withOddValue } from './requests.ts';

export type MessageResults = Awaited<ReturnType<typeof fuzzMessages>>;

type SubjectTally = Awaited<ReturnType<typeof fuzzSubject>>;

const encoder = new TextEncoder();
const bytesOf = (value: unknown) => encoder.encode(JSON.stringify(value));

/** Text and bytes that are no valid payload of any message. */
const garbage: fc.Arbitrary<Uint8Array> = fc.oneof(
  noJson,
  fc.constantFrom(
    encoder.encode('{"__proto__":{"do":"x"}}'),
    encoder.encode(JSON.stringify('x'.repeat(100_000))),
    new Uint8Array(900_000),
  ),
);

/** A valid payload with one field, at any depth, removed or changed. */
const nearlyValid = ({ payload }: Message): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(valuesOf(payload), fc.nat(), oddValues)
    .map(([valid, at, odd]) => bytesOf(withOddValue(valid, at, odd)));

const isBad = ({ payload }: Message, data: Uint8Array): boolean => {
  try {
    return !payload.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data))).success;
  } catch {
    return true;
  }
};

/** Invalid values of headers that tracing and the broker's clients read. */
const oddHeaders: fc.Arbitrary<ReadonlyArray<readonly [string, string]>> = fc.constantFrom(
  [],
  [['traceparent', '']],
  [['traceparent', '00-zz-zz-01']],
  [['traceparent', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`]],
  [
    ['traceparent', 'x'.repeat(2_000)],
    ['traceparent', 'twice'],
    ['tracestate', '='.repeat(600)],
  ],
  [['Nats-Service-Error', 'set by the requester']],
  [['Dead-Letter-Reason', 'set by the sender']],
);

function headersOf(pairs: ReadonlyArray<readonly [string, string]>): MsgHdrs {
  const carried = headers();
  for (const [name, value] of pairs) carried.append(name, value);
  return carried;
}

/** All but journals, which only the limiter itself writes. */
const fuzzedMessages: ReadonlyArray<readonly [string, Message]> = Object.entries(catalog).filter(
  ([, { kind }]) => kind !== 'journal',
);

/** Valid ones would be carried out; only broker permissions protect against them. */
const operations: ReadonlySet<Message> = new Set<Message>([
  catalog.changeSchedule,
  catalog.operate,
  catalog.heartbeat,
  catalog.partitionClaimed,
]);

/** Sends `runs` messages to each subject of a running system, followed by a valid command. */
export async function fuzzMessages(stack: TestStack, runs: number, seed: number) {
  await storeKnownRider(stack.databaseUrl);
  const connection = await connect(stack.broker.adminUrl, 'provision');
  const before = await deadLettersIn(connection);
  const subjects: Array<Awaited<ReturnType<typeof fuzzSubject>>> = [];
  let lost = 0;
  try {
    for (const [, message] of fuzzedMessages) {
      subjects.push(await fuzzSubject(connection, message, runs, seed));
      if (!(await isDone(stack, connection))) lost += 1;
    }
    const badWork = badWorkOf(subjects);
    const unread = await untilSettled(connection, before + badWork);
    return {
      subjects,
      /** New dead letters with a reason. */
      deadLetters: (await deadLettersIn(connection)) - before,
      /** Events that the API has not processed yet. */
      unread,
      /** Valid commands published after the bad messages; `lost`: those that were not done. */
      validCommands: subjects.length,
      lost,
    };
  } finally {
    await connection.close();
  }
}

/** Number of work messages that violate their contract. */
export const badWorkOf = (subjects: readonly SubjectTally[]): number =>
  subjects.reduce((sum, { kind, bad }) => sum + (kind === 'work' ? bad : 0), 0);

/** Sends messages to one subject and counts bad and strange ones, and the replies to requests. */
async function fuzzSubject(connection: NatsConnection, message: Message, runs: number, seed: number) {
  const payloads = fc.oneof(
    garbage,
    nearlyValid(message),
    ...(message.kind === 'work' || operations.has(message) ? [] : [valuesOf(message.payload).map(bytesOf)]),
  );
  const isWork = message.kind === 'work';
  const all = fc
    .sample(fc.tuple(payloads, oddHeaders), { seed, numRuns: runs })
    .map(([data, pairs]) => ({ data, pairs, bad: isBad(message, data) }))
    .filter(({ bad }) => bad || !(isWork || operations.has(message)));
  let [refused, answered, ignored] = [0, 0, 0];
  const send = async ({ data, pairs }: (typeof all)[number], index: number) => {
    const subject = subjectOf(message, { partition: index % 8, client: 'unknown', limiter: 'unknown' });
    const carried = headersOf(pairs);
    if (message.kind === 'request') {
      const reply = await connection
        .request(subject, data, { timeout: 500, headers: carried })
        .catch(unanswered);
      if (!reply) ignored += 1;
      else if (reply.headers?.get('Nats-Service-Error')) refused += 1;
      else answered += 1;
    } else if ('stream' in message) {
      // A stream that is full refuses a message without losing it.
      await eventually(() => jetstream(connection).publish(subject, data, { headers: carried }), {
        timeoutMs: 60_000,
      });
    } else connection.publish(subject, data, { headers: carried });
  };
  for (let from = 0; from < all.length; from += 100) {
    await Promise.all(all.slice(from, from + 100).map((each, index) => send(each, from + index)));
  }
  const bad = all.filter((each) => each.bad).length;
  const { kind, subject } = message;
  return { subject, kind, bad, strange: all.length - bad, refused, answered, ignored };
}

function unanswered(error: unknown): undefined {
  if (error instanceof TimeoutError || /no responders/i.test(String(error))) return undefined;
  throw error;
}

/** Sends a valid command for a rider that is already stored, which needs no call. */
async function isDone(stack: TestStack, connection: NatsConnection): Promise<boolean> {
  const commandId = crypto.randomUUID();
  const command = { commandId, riderId: knownRider, requestedAt: 1 };
  await jetstream(connection).publish(subjectOf(catalog.addRider), JSON.stringify(command), {
    msgID: commandId,
  });
  return eventually(
    async () => {
      const { state } = await stack.get<{ state: string }>(`/v1/commands/${commandId}`);
      if (state !== 'done') throw new Error(`command is ${state}`);
      return true;
    },
    { timeoutMs: longestWait },
  ).catch(() => false);
}

/** Ms; a tick waits for the previous run, which can wait for a one-hour window again after a failed call. */
const longestWait = 10 * 60_000;

/** The rider of the valid commands. */
const knownRider = 4_500_001;

async function storeKnownRider(databaseUrl: string): Promise<void> {
  const database = openDatabase(databaseUrl, () => undefined, { connections: 1 });
  const at = 1_700_000_000_000;
  const row = { riderId: knownRider, name: 'A known rider', raw: {}, firstSeenAt: at, fetchedAt: at };
  await database.db.insert(tables.riders).values(row).onConflictDoNothing();
  await database.close();
}

/** Waits for the expected dead letters and until all events are processed. @returns events still unprocessed at the timeout */
async function untilSettled(connection: NatsConnection, letters: number): Promise<number> {
  let unread = 0;
  const manager = await jetstreamManager(connection);
  await eventually(
    async () => {
      const { state } = await manager.streams.info('DEAD_LETTERS');
      if (state.messages < letters) throw new Error(`${state.messages} of ${letters} dead letters`);
      unread = await unreadIn(connection);
      if (unread > 0) throw new Error(`${unread} events not processed`);
    },
    { timeoutMs: longestWait },
  ).catch((error: Error) => process.stderr.write(`${error.message}\n`));
  return unread;
}

async function unreadIn(connection: NatsConnection): Promise<number> {
  const manager = await jetstreamManager(connection);
  const { num_pending, num_ack_pending } = await manager.consumers.info(
    'EVENTS',
    sharedEventConsumer.durable,
  );
  return num_pending + num_ack_pending;
}

/** Number of dead letters with a reason. */
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
  let withReason = 0;
  let seen = 0;
  for await (const letter of await consumer.consume()) {
    seen += 1;
    if (letter.headers?.get('Dead-Letter-Reason')) withReason += 1;
    if (seen === state.messages) break;
  }
  await consumer.delete();
  return withReason;
}

/** @returns a function that names the processes that have exited since, even if restarted */
export function exitedSince(stack: TestStack): () => string[] {
  const pids = new Map([...stack.processes].map(([name, process]) => [name, process.pid()]));
  return () => [...stack.processes].flatMap(([name, { pid }]) => (pid() === pids.get(name) ? [] : [name]));
}
