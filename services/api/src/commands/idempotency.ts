import type { Machine } from '@paceline/shared/clock';
import { type Database, tables } from '@paceline/shared/database';
import { and, eq, isNull, sql } from 'drizzle-orm';
import { type CommandQueue, inBatches } from './batches.ts';
import { createHash } from 'node:crypto';
import type { Logger } from '@paceline/shared/telemetry';
import type { MiddlewareHandler } from 'hono';
import { Problem } from '../http/problem.ts';

const { idempotencyKeys: keys } = tables;

export type KeptAnswer = NonNullable<(typeof keys)['$inferSelect']['answer']>;

export interface KeyedRequest {
  readonly caller: string;
  readonly key: string;
  readonly request: string;
}

/** A request that has its key. `takenAt` (project ms) sets it apart from a later request with the same key. */
export interface HeldKey extends KeyedRequest {
  readonly takenAt: number;
}

export type Taken =
  | ({ readonly is: 'taken'; readonly onceId: string } & HeldKey)
  | { readonly is: 'answered'; readonly answer: KeptAnswer }
  | { readonly is: 'under_way' }
  | { readonly is: 'of_another_request' };

interface KeyAges {
  readonly now: number;
  /** Answers from before are forgotten. */
  readonly keptSince: number;
  /** Unanswered requests older than this count as abandoned. */
  readonly abandonedSince: number;
}

type Answered = HeldKey & { readonly answer: KeptAnswer };

const atOnce = 500;

/** Which request has which `Idempotency-Key`. Requests that come at once share statements. */
export function keysIn(db: Database, queue: CommandQueue, machine: Machine, ages: () => KeyAges) {
  const take = inBatches((batch: readonly KeyedRequest[]) => takeAll(db, batch, ages()), atOnce, machine);
  const keep = inBatches<Answered, void>((batch) => keepAll(db, batch), atOnce, machine);
  return {
    /** One request gets a key; an abandoned one is taken over with its id. @throws {CommandQueueFull} */
    take: (request: KeyedRequest) => queue(() => take(request)),
    keepAnswer: (held: HeldKey, answer: KeptAnswer) => keep({ ...held, answer }),
    /** A refused request counts as abandoned: part of it may have been done, so it keeps its id. */
    async giveBack({ caller, key, takenAt }: HeldKey) {
      const isHeld = and(eq(keys.caller, caller), eq(keys.key, key), eq(keys.takenAt, takenAt));
      await db
        .update(keys)
        .set({ takenAt: Math.min(takenAt, Math.floor(ages().abandonedSince) - 1) })
        .where(and(isHeld, isNull(keys.answer)));
    },
  };
}

export type Keys = ReturnType<typeof keysIn>;

interface KeyRow extends Record<string, unknown> {
  readonly caller: string;
  readonly key: string;
  /** Null: the key was not taken, and the rest is what was stored before. */
  readonly taken_as: string | null;
  readonly request: string | null;
  readonly answer: KeptAnswer | null;
}

/** An upsert takes each key that is new, forgotten or abandoned; what it leaves alone another request has. */
async function takeAll(
  db: Database,
  batch: readonly KeyedRequest[],
  { now, keptSince, abandonedSince }: KeyAges,
): Promise<Taken[]> {
  // A statement may write a row once, and two processes must lock rows in the same order.
  const firsts = new Map(batch.toReversed().map((each) => [nameOf(each), each]));
  const asked = [...firsts].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
  const column = <T>(value: (each: KeyedRequest) => T) => sql.param(asked.map(value));
  const moment = (ms: number) => sql`${new Date(ms).toISOString()}::timestamptz`;
  const isForgotten = sql`known.taken_at < ${moment(keptSince)}`;
  const { rows } = await db.execute<KeyRow>(sql`
    with asked as (
      select * from unnest(
        ${column(({ caller }) => caller)}::text[],
        ${column(({ key }) => key)}::text[],
        ${column(({ request }) => request)}::text[],
        ${column(() => crypto.randomUUID())}::text[]
      ) as asked (caller, key, request, once_id)
    ), taken as (
      insert into ${keys} as known (caller, key, request, once_id, taken_at)
      select caller, key, request, once_id, ${moment(now)} from asked
      on conflict (caller, key) do update set
        request = excluded.request,
        once_id = case when ${isForgotten} then excluded.once_id else known.once_id end,
        taken_at = excluded.taken_at,
        answer = null
      where ${isForgotten} or (
        known.request = excluded.request and known.answer is null and known.taken_at < ${moment(abandonedSince)}
      )
      returning caller, key, once_id as taken_as
    )
    select caller, key, taken_as, known.request, known.answer
    from asked left join taken using (caller, key)
    left join (select caller, key, request, answer from ${keys}) as known using (caller, key)`);
  const found = new Map(rows.map((row) => [nameOf(row), row]));
  return batch.map((each) => {
    const row = found.get(nameOf(each));
    const isFirst = each === firsts.get(nameOf(each));
    const onceId = row?.taken_as ?? null;
    if (isFirst && onceId !== null) return { is: 'taken', ...each, onceId, takenAt: Math.floor(now) };
    return outcomeOf(each, row, firsts.get(nameOf(each)) ?? each);
  });
}

const nameOf = ({ caller, key }: { caller: string; key: string }): string => `${caller} ${key}`;

/** What is known of a key that this request has not taken. @param first the request of the batch for which the key was to be taken */
function outcomeOf(asked: KeyedRequest, row: KeyRow | undefined, first: KeyedRequest): Taken {
  const takenAs = row?.taken_as ?? null;
  const request = takenAs === null ? row?.request : first.request;
  // Null: another process took it at the same moment.
  if (typeof request === 'string' && request !== asked.request) return { is: 'of_another_request' };
  const answer = takenAs === null ? row?.answer : undefined;
  return answer ? { is: 'answered', answer } : { is: 'under_way' };
}

/** In the order of the keys: two processes must lock rows in the same order. */
async function keepAll(db: Database, batch: readonly Answered[]): Promise<void> {
  const column = <T>(value: (each: Answered) => T) => sql.param(batch.map(value));
  await db.execute(sql`
    with given as (
      select known.caller, known.key, given.answer
      from unnest(
        ${column(({ caller }) => caller)}::text[],
        ${column(({ key }) => key)}::text[],
        ${column(({ takenAt }) => new Date(takenAt).toISOString())}::timestamptz[],
        ${column(({ answer }) => JSON.stringify(answer))}::jsonb[]
      ) as given (caller, key, taken_at, answer)
      join ${keys} as known using (caller, key, taken_at)
      order by known.caller collate "C", known.key collate "C"
      for update of known
    )
    update ${keys} set answer = given.answer
    from given where ${keys}.caller = given.caller and ${keys}.key = given.key`);
}

/** The key as it was meant: with or without the quotes of a structured field. Undefined: it can't be one. */
function keyOf(header: string): string | undefined {
  const [, quoted] = /^"(.*)"$/.exec(header) ?? [];
  const key = quoted ?? header;
  return /^[\x21-\x7e]{1,255}$/.test(key) ? key : undefined;
}

declare module 'hono' {
  interface ContextVariableMap {
    /** The id of what this request makes, if it has an `Idempotency-Key`: made again it is the same thing. */
    onceId: string | undefined;
  }
}

/** What belongs to the answer itself, and not to this way of giving it. */
const keptHeaders = ['content-type', 'location', 'preference-applied'];

/** Executes a POST with an `Idempotency-Key` once and replays its answer; 5xx answers are not kept. */
export const idempotency =
  (keys: Keys, log: Logger): MiddlewareHandler =>
  async (c, next) => {
    const header = c.req.header('idempotency-key');
    if (c.req.method !== 'POST' || header === undefined) return next();
    const key = keyOf(header);
    if (key === undefined) throw invalidKey();
    const { pathname, search } = new URL(c.req.url);
    const keyed: KeyedRequest = {
      caller: c.get('caller') ?? '',
      key,
      request: requestDigest(c.req.method, pathname + search, await c.req.text()),
    };
    const taken = await keys.take(keyed);
    switch (taken.is) {
      case 'answered':
        return replay(taken.answer);
      case 'of_another_request':
        throw new Problem('idempotency-key-reused', 'This Idempotency-Key was sent with another request');
      case 'under_way':
        throw new Problem('request-in-progress', 'The first request with this key is not answered yet', {
          headers: { 'retry-after': '1' },
        });
    }
    c.set('onceId', taken.onceId);
    await next();
    const { res } = c;
    const noting = res.status >= 500 ? keys.giveBack(taken) : keys.keepAnswer(taken, await answerOf(res));
    // What was done stays done: sent again, the key is taken for abandoned later, under the same id.
    await noting.catch((err: unknown) => log.warn({ err }, 'could not store the answer to a keyed request'));
  };

/** What a request asks for, in a few characters: two that differ in anything have different ones. */
const requestDigest = (method: string, path: string, body: string): string =>
  createHash('sha256')
    .update(JSON.stringify([method, path, body]))
    .digest('base64url');

function invalidKey(): Problem {
  const message = 'must be 1 to 255 visible ASCII characters';
  const errors = [{ field: 'idempotency-key', message }];
  return new Problem('invalid-input', `idempotency-key ${message}`, { errors });
}

async function answerOf(response: Response): Promise<KeptAnswer> {
  const headers = keptHeaders.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return {
    status: response.status,
    headers: Object.fromEntries(headers),
    body: await response.clone().text(),
  };
}

const replay = ({ status, headers, body }: KeptAnswer): Response =>
  new Response(body, { status, headers: { ...headers, 'idempotency-replayed': 'true' } });
