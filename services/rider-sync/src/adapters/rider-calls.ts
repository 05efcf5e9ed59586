import {
  columnValues,
  givenRows,
  inBatches,
  prepared,
  retryDuringOutage,
  tables,
} from '@paceline/shared/database';
import {
  type EndedCall,
  endColumns,
  endsOfCalls,
  isAvailable,
  nowMs,
  type PermittedCall,
  recordCalls,
  type Sync,
} from '@paceline/shared/sync';
import type { RiderItem } from '@paceline/shared/zwiftracing';
import { sql } from 'drizzle-orm';
import { freeRiders, replacingProgress } from './commands.ts';
import { riderColumns, ridersStored, rowsOf } from './riders.ts';

const { commands, riders, wantedRiders } = tables;

/** A call for a rider that a command needs, unless a copy fetched at `freshFrom` or later is stored. Times are project ms. */
export interface RiderCall extends PermittedCall {
  readonly commandId: string;
  readonly riderId: number;
  readonly why: 'add' | 'import';
  readonly freshFrom: number;
  readonly requestedAt: number;
}

export interface AnsweredRider {
  readonly end: EndedCall;
  readonly call: Pick<RiderCall, 'commandId' | 'why'>;
  readonly item: RiderItem;
}

/** `endedAt`: when the command ended with its rider, project ms; undefined when it did not, or had ended before. */
export interface StoredAnswer {
  readonly endedAt: number | undefined;
  readonly sourceIsAvailable: boolean;
}

/** The statements of single calls for riders. Those of one moment share a statement: under load, each costs a fraction of one. */
export type RiderCalls = ReturnType<typeof openRiderCalls>;

const maxBatch = 200;

export function openRiderCalls(sync: Sync) {
  const { machine } = sync.clock;
  const record = inBatches((calls: readonly RiderCall[]) => recordRiderCalls(sync, calls), maxBatch, machine);
  const store = inBatches(
    (answers: readonly AnsweredRider[]) => storeAnswers(sync, answers),
    maxBatch,
    machine,
  );
  return {
    /** Records a call before it is sent, and that its command is running: a command that has ended needs none. */
    record,
    /** Stores a rider, the end of its call, the end of an add, and the outcome for every command that waits for the rider. */
    store: (answer: AnsweredRider): Promise<StoredAnswer> => retryDuringOutage(sync, () => store(answer)),
  };
}

const running = JSON.stringify({ state: 'running', via: 'single' });

const recordRiderCalls = recordCalls<RiderCall>(
  'rider-calls-start',
  {
    riderId: riders.riderId,
    why: wantedRiders.why,
    freshFrom: wantedRiders.freshFrom,
    requestedAt: commands.requestedAt,
  },
  sql`stale as (
      select * from permitted where not exists (
        select from ${riders} where rider_id = permitted.rider_id and fetched_at >= permitted.fresh_from)),
    claimed as (
      insert into ${commands} (command_id, type, rider_id, progress, requested_at, published_at, updated_at)
      select command_id, 'add-rider', rider_id, ${sql.raw(`'${running}'`)}::jsonb, requested_at, started_at, started_at
      from stale where why = 'add' order by command_id ${replacingProgress}),
    needed as (select * from stale where why = 'import' or command_id in (select command_id from claimed))`,
);

const answerColumns = {
  ...endColumns,
  commandId: commands.commandId,
  calledRider: riders.riderId,
  why: wantedRiders.why,
};

/** Locks commands in the order of their ids, as every statement does that writes several. */
const storeRiderCalls = prepared<{ permit: string; has_ended: boolean; is_available: boolean }>(
  'rider-calls-end',
  sql`with calls as (select * from ${givenRows(answerColumns)}),
    logged as (${endsOfCalls}),
    ${ridersStored},
    ${freeRiders(sql`select rider_id from calls`, sql`${sql.placeholder('now')}::timestamptz`)},
    outcomes as (
      update ${wantedRiders} wanted set outcome = 'done', ended_at = ${sql.placeholder('now')}::timestamptz
      from free where (wanted.command_id, wanted.rider_id) = (free.command_id, free.rider_id)),
    open as (
      select command_id from ${commands}
      where command_id in (select command_id from calls where why = 'add') and finished_at is null
      order by command_id for update),
    ended as (
      update ${commands} set progress = '{"state":"done"}', updated_at = ${sql.placeholder('now')}::timestamptz,
        finished_at = ${sql.placeholder('now')}::timestamptz
      from open where ${commands.commandId} = open.command_id
      returning ${commands.commandId})
    select permit, ended.command_id is not null as has_ended, ${isAvailable('riders')} as is_available
    from calls left join ended using (command_id)`,
);

async function storeAnswers(sync: Sync, answers: readonly AnsweredRider[]): Promise<StoredAnswer[]> {
  const now = nowMs(sync);
  const calls = answers.map(({ end, call, item }) => ({ ...end, ...call, calledRider: item.rider.riderId }));
  const items = new Map(answers.map(({ item }) => [item.rider.riderId, item]));
  const rows = await storeRiderCalls(sync.db, {
    ...columnValues(answerColumns, calls),
    ...columnValues(riderColumns, rowsOf([...items.values()], now)),
    ...sync.sources.keyOf('riders'),
    now: new Date(now).toISOString(),
  });
  const stored = new Map(rows.map((row) => [row.permit, row]));
  return calls.map(({ permit }) => {
    const { has_ended: hasEnded = false, is_available: sourceIsAvailable = false } = stored.get(permit) ?? {};
    return { endedAt: hasEnded ? now : undefined, sourceIsAvailable };
  });
}
