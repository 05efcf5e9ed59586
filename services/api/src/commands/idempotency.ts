import type { Machine } from '@paceline/shared/clock';
import { type Database, inBatches, tables } from '@paceline/shared/database';
import { and, eq, isNull, sql } from 'drizzle-orm';
import type { CommandQueue } from './queue.ts';
import { createHash } from 'node:crypto';
import type { Logger } from '@paceline/shared/telemetry';
import type { MiddlewareHandler } from 'hono';
import { Problem } from '../http/problem.ts';

const { idempotencyKeys: keyTable } = tables;

export type StoredResponse = NonNullable<(typeof keyTable)['$inferSelect']['answer']>;

export interface KeyedRequest {
  readonly caller: string;
  readonly key: string;
  readonly request: string;
}

/** A request that owns its key. `takenAt` (project ms) distinguishes it from later requests with the same key. */
export interface OwnedKey extends KeyedRequest {
  readonly takenAt: number;
}

export type KeyState =
  | ({ readonly state: 'new'; readonly reservedId: string } & OwnedKey)
  | { readonly state: 'completed'; readonly response: StoredResponse }
  | { readonly state: 'in_progress' }
  | { readonly state: 'used_by_another_request' };

interface KeyAges {
  readonly now: number;
  /** Older responses no longer count. */
  readonly keptSince: number;
  /** Older requests without a response count as abandoned. */
  readonly abandonedSince: number;
}

type CompletedRequest = OwnedKey & { readonly response: StoredResponse };

const batchSize = 500;

/** Stores which request owns which `Idempotency-Key`. Concurrent requests share statements. */
export function idempotencyKeys(db: Database, queue: CommandQueue, machine: Machine, ages: () => KeyAges) {
  const claim = inBatches(
    (batch: readonly KeyedRequest[]) => claimAll(db, batch, ages()),
    batchSize,
    machine,
  );
  const save = inBatches<CompletedRequest, void>((batch) => saveAll(db, batch), batchSize, machine);
  return {
    /** Only one request gets a key. An abandoned key is claimed together with its id. @throws {CommandQueueFull} */
    claim: (request: KeyedRequest) => queue(() => claim(request)),
    saveResponse: (owned: OwnedKey, response: StoredResponse) => save({ ...owned, response }),
    /** For a failed request. It counts as abandoned and keeps its id, since it may have been processed partly. */
    async release({ caller, key, takenAt }: OwnedKey) {
      const isOwned = and(eq(keyTable.caller, caller), eq(keyTable.key, key), eq(keyTable.takenAt, takenAt));
      await db
        .update(keyTable)
        .set({ takenAt: Math.min(takenAt, Math.floor(ages().abandonedSince) - 1) })
        .where(and(isOwned, isNull(keyTable.answer)));
    },
  };
}

export type IdempotencyKeys = ReturnType<typeof idempotencyKeys>;

interface KeyRow extends Record<string, unknown> {
  readonly caller: string;
  readonly key: string;
  /** The id, if this statement claimed the key; null: the other columns are what was stored before. */
  readonly claimed_id: string | null;
  readonly request: string | null;
  readonly answer: StoredResponse | null;
}

/** The upsert claims each key that is new, outdated or abandoned. All others belong to another request. */
async function claimAll(
  db: Database,
  batch: readonly KeyedRequest[],
  { now, keptSince, abandonedSince }: KeyAges,
): Promise<KeyState[]> {
  // A statement may write a row once, and two processes must lock rows in the same order.
  const firsts = new Map(batch.toReversed().map((each) => [nameOf(each), each]));
  const claims = [...firsts].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
  const column = <T>(value: (each: KeyedRequest) => T) => sql.param(claims.map(value));
  const time = (ms: number) => sql`${new Date(ms).toISOString()}::timestamptz`;
  const isOutdated = sql`known.taken_at < ${time(keptSince)}`;
  const { rows } = await db.execute<KeyRow>(sql`
    with requested as (
      select * from unnest(
        ${column(({ caller }) => caller)}::text[],
        ${column(({ key }) => key)}::text[],
        ${column(({ request }) => request)}::text[],
        ${column(() => crypto.randomUUID())}::text[]
      ) as requested (caller, key, request, once_id)
    ), claimed as (
      insert into ${keyTable} as known (caller, key, request, once_id, taken_at)
      select caller, key, request, once_id, ${time(now)} from requested
      on conflict (caller, key) do update set
        request = excluded.request,
        once_id = case when ${isOutdated} then excluded.once_id else known.once_id end,
        taken_at = excluded.taken_at,
        answer = null
      where ${isOutdated} or (
        known.request = excluded.request and known.answer is null and known.taken_at < ${time(abandonedSince)}
      )
      returning caller, key, once_id as claimed_id
    )
    select caller, key, claimed_id, known.request, known.answer
    from requested left join claimed using (caller, key)
    left join (select caller, key, request, answer from ${keyTable}) as known using (caller, key)`);
  const found = new Map(rows.map((row) => [nameOf(row), row]));
  return batch.map((each) => {
    const row = found.get(nameOf(each));
    const isFirst = each === firsts.get(nameOf(each));
    const reservedId = row?.claimed_id ?? null;
    if (isFirst && reservedId !== null)
      return { state: 'new', ...each, reservedId, takenAt: Math.floor(now) };
    return stateOf(each, row, firsts.get(nameOf(each)) ?? each);
  });
}

const nameOf = ({ caller, key }: { caller: string; key: string }): string => `${caller} ${key}`;

/** State of a key that `current` has not claimed. @param first the request that claimed it in this batch, if any did */
function stateOf(current: KeyedRequest, row: KeyRow | undefined, first: KeyedRequest): KeyState {
  const claimedId = row?.claimed_id ?? null;
  const request = claimedId === null ? row?.request : first.request;
  // Null: another process claimed it at the same time.
  if (typeof request === 'string' && request !== current.request) return { state: 'used_by_another_request' };
  const response = claimedId === null ? row?.answer : undefined;
  return response ? { state: 'completed', response } : { state: 'in_progress' };
}

/** Locks the rows in the order of the keys, so that two processes don't deadlock. */
async function saveAll(db: Database, batch: readonly CompletedRequest[]): Promise<void> {
  const column = <T>(value: (each: CompletedRequest) => T) => sql.param(batch.map(value));
  await db.execute(sql`
    with given as (
      select known.caller, known.key, given.answer
      from unnest(
        ${column(({ caller }) => caller)}::text[],
        ${column(({ key }) => key)}::text[],
        ${column(({ takenAt }) => new Date(takenAt).toISOString())}::timestamptz[],
        ${column(({ response }) => JSON.stringify(response))}::jsonb[]
      ) as given (caller, key, taken_at, answer)
      join ${keyTable} as known using (caller, key, taken_at)
      order by known.caller collate "C", known.key collate "C"
      for update of known
    )
    update ${keyTable} set answer = given.answer
    from given where ${keyTable}.caller = given.caller and ${keyTable}.key = given.key`);
}

/** Returns the key, with or without the quotes of a structured field; undefined if it is invalid. */
function keyOf(header: string): string | undefined {
  const [, quoted] = /^"(.*)"$/.exec(header) ?? [];
  const key = quoted ?? header;
  return /^[\x21-\x7e]{1,255}$/.test(key) ? key : undefined;
}

declare module 'hono' {
  interface ContextVariableMap {
    /** With an `Idempotency-Key`: the id to create the command with, the same whenever the request is repeated. */
    reservedId: string | undefined;
  }
}

/** Headers that are stored with the response; the others are set again on each replay. */
const storedHeaders = ['content-type', 'location', 'preference-applied'];

/** Processes a POST with an `Idempotency-Key` once and replays its response. 5xx responses are not stored. */
export const idempotency =
  (keys: IdempotencyKeys, log: Logger): MiddlewareHandler =>
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
    const claim = await keys.claim(keyed);
    switch (claim.state) {
      case 'completed':
        return replay(claim.response);
      case 'used_by_another_request':
        throw new Problem(
          'idempotency-key-reused',
          'This Idempotency-Key was sent before with another path or body',
        );
      case 'in_progress':
        throw new Problem(
          'request-in-progress',
          'The first request with this Idempotency-Key is still in progress',
          { headers: { 'retry-after': '1' } },
        );
    }
    c.set('reservedId', claim.reservedId);
    await next();
    const { res } = c;
    const saving = res.status >= 500 ? keys.release(claim) : keys.saveResponse(claim, await storable(res));
    // Not an error for the client: a repeated request claims the abandoned key later and gets the same id.
    await saving.catch((err: unknown) =>
      log.warn({ err }, 'failed to store the response of a keyed request'),
    );
  };

/** Identifies a request by its method, path and body. */
const requestDigest = (method: string, path: string, body: string): string =>
  createHash('sha256')
    .update(JSON.stringify([method, path, body]))
    .digest('base64url');

function invalidKey(): Problem {
  const message = 'must be 1 to 255 visible ASCII characters';
  const errors = [{ field: 'idempotency-key', message }];
  return new Problem('invalid-input', `idempotency-key ${message}`, { errors });
}

async function storable(response: Response): Promise<StoredResponse> {
  const headers = storedHeaders.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return {
    status: response.status,
    headers: Object.fromEntries(headers),
    body: await response.clone().text(),
  };
}

const replay = ({ status, headers, body }: StoredResponse): Response =>
  new Response(body, { status, headers: { ...headers, 'idempotency-replayed': 'true' } });
