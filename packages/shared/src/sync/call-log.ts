import { eq, sql, type SQL } from 'drizzle-orm';
import {
  type Columns,
  columnValues,
  givenRows,
  isDatabaseUnavailable,
  namesOf,
  patienceMs,
  prepared,
  retryDuringOutage,
  tables,
} from '../database/index.ts';
import type { BudgetName, Lane } from '../definition/index.ts';
import { type Permit, PermitSpent, partitionOf } from '../limiter/index.ts';
import type { Caller } from './open.ts';

const { syncLogs, limiterTerms } = tables;

/** The run or command of a call, or the program that made it; none of them for urgent refreshes. */
export interface CallOwner {
  readonly runId?: string;
  readonly commandId?: string;
  readonly caller?: string;
}

/** The outcome of a call, as stored in the call log. */
export type CallOutcome = Pick<
  typeof syncLogs.$inferInsert,
  'status' | 'message' | 'rawStart' | 'unreadable'
>;

/** A call that is about to be sent. Times are project ms. */
export interface LoggedCall extends CallOwner {
  readonly endpoint: BudgetName;
  readonly lane: Lane;
  readonly target: string;
  readonly because: string | null;
  readonly freshUntil: number | null;
  readonly startedAt: number;
}

/** A call with its permit, and the term of the permit. */
export interface PermittedCall extends LoggedCall {
  readonly permit: string;
  readonly term: number;
}

/** A sent call that has ended. */
export interface EndedCall extends CallOutcome {
  readonly permit: string;
  readonly durationMs: number;
}

/** `superseded`: another limiter has taken the partition over. `unneeded`: the caller's own condition does not hold. */
export type Recording = 'recorded' | 'superseded' | 'unneeded';

const logColumns = {
  permit: syncLogs.permit,
  runId: syncLogs.runId,
  commandId: syncLogs.commandId,
  caller: syncLogs.caller,
  endpoint: syncLogs.endpoint,
  target: syncLogs.target,
  because: syncLogs.because,
  freshUntil: syncLogs.freshUntil,
  message: syncLogs.message,
  startedAt: syncLogs.startedAt,
  partition: syncLogs.partition,
  account: syncLogs.account,
  lane: syncLogs.lane,
};
const callColumns = { ...logColumns, term: limiterTerms.term };

/**
 * A statement that records calls, before they are sent, unless a later term has started. The lock on the term lets a limiter that takes
 * over see the rows, or the rows see its term.
 * @param needed CTEs that select `needed`, the calls to make, from `permitted`, with columns `more`
 */
export function recordCalls<Call extends PermittedCall>(
  name: string,
  more: Columns = {},
  needed: SQL = sql`needed as (select * from permitted)`,
) {
  const columns = { ...callColumns, ...more };
  const record = prepared<{ permit: string; recording: Recording }>(
    name,
    sql`with calls as (select * from ${givenRows(columns)}),
      latest as (
        select term from ${limiterTerms}
        where partition = ${sql.placeholder('owned')}::int and term = any(${sql.placeholder('terms')}::bigint[])
        for share),
      permitted as (select calls.* from calls join latest using (term)),
      ${needed},
      recorded as (
        insert into ${syncLogs} (${namesOf(logColumns)}) select ${namesOf(logColumns)} from needed returning permit)
      select permit, case when recorded.permit is not null then 'recorded' when latest.term is null then 'superseded'
        else 'unneeded' end as recording
      from calls left join latest using (term) left join recorded using (permit)`,
  );
  return async (
    { db, account }: Pick<Caller, 'db' | 'account'>,
    calls: readonly Call[],
  ): Promise<Recording[]> => {
    const partition = partitionOf(account);
    // An owner of a version without terms: the row to lock must exist.
    if (calls.some(({ term }) => term === 0))
      await db.insert(limiterTerms).values({ partition, term: 0 }).onConflictDoNothing();
    const rows = calls.map((call) => ({ ...call, message: '', partition, account }));
    const terms = [...new Set(calls.map(({ term }) => term))];
    const recorded = await record(db, { ...columnValues(columns, rows), owned: partition, terms });
    const of = new Map(recorded.map(({ permit, recording }) => [permit, recording]));
    return calls.map(({ permit }) => of.get(permit) ?? 'superseded');
  };
}

const recordCall = recordCalls('call-start');

/**
 * Records a call before it is sent, so that it counts against its window whatever the broker loses. In an outage of the database
 * the permit is returned, and the outage waited for: the call needs another permit then.
 * @param record records it by a statement of the caller
 * @returns whether to make the call
 * @throws {PermitSpent} when it could not be recorded, or another limiter has taken the partition over since the permit was
 *   started; {DatabaseOutage} after a long outage
 */
export async function recordStart(
  sync: Caller,
  permit: Pick<Permit<BudgetName>, 'id' | 'term' | 'settle'>,
  call: LoggedCall,
  record = async (given: PermittedCall): Promise<Recording | undefined> =>
    (await recordCall(sync, [given]))[0],
): Promise<boolean> {
  const spent = (reason: string) =>
    new PermitSpent(`This permit for ${call.endpoint} can't be used: ${reason}`);
  let recording: Recording | undefined;
  try {
    recording = await record({ ...call, permit: permit.id, term: permit.term });
  } catch (error) {
    if (!isDatabaseUnavailable(error)) throw error;
    permit.settle({ result: 'not_sent' });
    // The statement may have been carried out.
    await removeStart(sync, permit, patienceMs);
    throw spent('the call could not be recorded');
  }
  if (recording !== 'superseded') return recording === 'recorded';
  permit.settle({ result: 'not_sent', superseded: true });
  throw spent('another limiter has taken over');
}

export const endColumns = {
  permit: syncLogs.permit,
  status: syncLogs.status,
  message: syncLogs.message,
  durationMs: syncLogs.durationMs,
  rawStart: syncLogs.rawStart,
  unreadable: syncLogs.unreadable,
};

/** The part of a statement that records the ends of the calls in `calls`. */
export const endsOfCalls = sql`
  update ${syncLogs} set status = calls.status, message = calls.message, duration_ms = calls.duration_ms,
    raw_start = calls.raw_start, unreadable = calls.unreadable, ended_at = clock_timestamp()
  from calls where ${syncLogs.permit} = calls.permit`;

const storeEnds = prepared<object>(
  'call-end',
  sql`with calls as (select * from ${givenRows(endColumns)}) ${endsOfCalls}`,
);

/** Records how a call ended. */
export const recordEnd = (sync: Caller, call: EndedCall): Promise<unknown> =>
  retryDuringOutage(sync, () => storeEnds(sync.db, columnValues(endColumns, [call])));

/** Removes the record of a call that was not sent, before its permit is returned. */
export const removeStart = (
  sync: Caller,
  permit: Pick<Permit<BudgetName>, 'id'>,
  giveUpAfterMs?: number,
): Promise<unknown> =>
  retryDuringOutage(
    sync,
    () => sync.db.delete(syncLogs).where(eq(syncLogs.permit, permit.id)),
    giveUpAfterMs,
  );
