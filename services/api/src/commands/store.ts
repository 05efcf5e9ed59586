import type { Machine } from '@paceline/shared/clock';
import {
  type Database,
  tables,
  asRows,
  columnValues,
  givenRows,
  inBatches,
  isDatabaseUnavailable,
  namesOf,
  neverReachedDatabase,
  prepared,
} from '@paceline/shared/database';
import { getTableColumns, sql, isNull } from 'drizzle-orm';
import type { CommandRow } from './view.ts';
import { importMaxAgeMs } from '@paceline/shared/contracts';
import { addMaxWaitMs } from '@paceline/shared/definition';
import type { CommandQueue } from './queue.ts';

const { commands, riders, wantedRiders } = tables;

/** Machine ms. The statement of a broken connection may still wait for a lock and be committed later. */
const rememberedMs = 300_000;

/** `updatedAt` distinguishes the row of a rejected request from a later accepted one, which changes it. */
type RejectedCommand = Pick<CommandRow, 'commandId' | 'updatedAt'>;

function rejectedCommands(db: Database, machine: Machine) {
  const known = new Map<string, RejectedCommand & { readonly until: number }>();
  const nameOf = ({ commandId, updatedAt }: RejectedCommand) => `${commandId} ${updatedAt}`;
  return {
    add: (command: RejectedCommand) =>
      void known.set(nameOf(command), { ...command, until: machine.elapsed() + rememberedMs }),
    remove: (command: RejectedCommand) => void known.delete(nameOf(command)),
    has: (command: RejectedCommand) => known.has(nameOf(command)),
    any: () => known.size > 0,
    async withdraw(): Promise<void> {
      if (known.size === 0) return;
      const now = machine.elapsed();
      const entries = [...known];
      await withdraw(
        db,
        entries.map(([, command]) => command),
      );
      for (const [name, { until }] of entries) if (until <= now) known.delete(name);
    },
  };
}

/** Locks the rows in the order of the ids, so that two processes don't deadlock. */
async function withdraw(db: Database, rejected: readonly RejectedCommand[]): Promise<void> {
  await db.execute(sql`
    with rejected as (
      select command_id from ${commands} join unnest(
        ${sql.param(rejected.map(({ commandId }) => commandId))}::text[],
        ${sql.param(rejected.map(({ updatedAt }) => new Date(updatedAt).toISOString()))}::timestamptz[]
      ) as given (command_id, updated_at) using (command_id, updated_at)
      where published_at is null
      order by command_id collate "C"
      for update of commands
    ), withdrawn as (
      delete from ${commands} using rejected where ${commands}.command_id = rejected.command_id
      returning ${commands}.command_id
    )
    delete from ${wantedRiders} using withdrawn where ${wantedRiders}.command_id = withdrawn.command_id`);
}

/** Commands per statement. An import can have ten thousand riders. */
const addBatchSize = 500;
const importBatchSize = 10;

export type NewCommand = Omit<CommandRow, 'riderStored' | 'riders'>;

export interface Stored {
  /** The id of the command that was stored, or of the one that it is the same as. */
  readonly commandId: string;
  readonly isNew: boolean;
  readonly riderStored: boolean;
  /** For an add: the adds ahead of it in the queue. For an import: the waiting riders of earlier imports. */
  readonly ahead: number;
}

export function commandStore(db: Database, queue: CommandQueue, machine: Machine) {
  const add = inBatches((batch: readonly NewCommand[]) => storeAdds(db, batch), addBatchSize, machine);
  const addImport = inBatches(
    (batch: readonly NewImport[]) => storeImports(db, batch),
    importBatchSize,
    machine,
  );
  const rejected = rejectedCommands(db, machine);
  const adding = new Map<number, Promise<Stored>>();
  /** Adds of a rider that arrive while one is being stored are the same command, or stored next if its values are bad. */
  async function addOnce(riderId: number, command: NewCommand): Promise<Stored> {
    for (let earlier = adding.get(riderId); earlier; earlier = adding.get(riderId)) {
      const stored = await earlier.catch((error: unknown) => {
        if (isDatabaseUnavailable(error)) throw error;
      });
      if (stored) return { ...stored, isNew: false };
    }
    const storing = add(command).finally(() => adding.delete(riderId));
    adding.set(riderId, storing);
    return storing;
  }
  return {
    /** Commands rejected with an error although Postgres may have stored them, because the connection broke. */
    rejected,
    /** Stores a command unless it exists, or an add of the same rider waits. @throws {CommandQueueFull} and what Postgres throws */
    async store(command: NewCommand, riderIds: readonly number[]): Promise<Stored> {
      try {
        const stored = await queue(() =>
          command.riderId === null ? addImport({ command, riderIds }) : addOnce(command.riderId, command),
        );
        rejected.remove(command);
        return stored;
      } catch (error) {
        if (isDatabaseUnavailable(error) && !neverReachedDatabase(error)) rejected.add(command);
        throw error;
      }
    },
  };
}

export type CommandStore = ReturnType<typeof commandStore>;

/** The first entry of each id, sorted by id so that two processes lock rows in the same order. */
function firstOfEach<T>(batch: readonly T[], idOf: (entry: T) => string): Map<string, T> {
  const firsts = new Map(batch.toReversed().map((entry) => [idOf(entry), entry]));
  return new Map([...firsts].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Changes `updatedAt` of an existing command, so that it isn't withdrawn with the rejected request that stored it. */
const touchExisting = {
  target: commands.commandId,
  set: { updatedAt: sql`greatest(excluded.updated_at, ${commands.updatedAt} + interval '1 millisecond')` },
  setWhere: isNull(commands.publishedAt),
};
const isInserted = sql<boolean>`xmax = 0`.as('is_new');

const columns = getTableColumns(commands);

interface AddRow {
  readonly command_id: string;
  readonly rider_id: number;
  readonly is_new: boolean;
  readonly rider_stored: boolean;
  readonly ahead: number;
}

const isWaiting = sql.raw(
  `open.finished_at is null and open.type = 'add-rider' and open.progress ->> 'state' <> 'running'`,
);

/** Project ms. An older add could give up before a new one had its time to wait. */
const joinedMaxAgeMs = 0.8 * addMaxWaitMs;

/**
 * `join_waiting_adds` returns the adds that already wait for these riders, touched like existing commands, and makes other
 * processes that add them wait until this statement ends. `ahead` is counted before the batch is inserted; the positions
 * within the batch are added below.
 */
const insertAdds = prepared<AddRow>(
  'commands-add',
  sql`with given as (select ${namesOf(columns)} from ${givenRows(columns)}),
    waiting as (
      select * from join_waiting_adds(
        array(select rider_id from given), array(select command_id from given),
        (select max(requested_at) from given) - interval '${sql.raw(String(joinedMaxAgeMs))} ms')
    ), stored as (
      insert into ${commands} (${namesOf(columns)}) select ${namesOf(columns)} from given
      where rider_id not in (select rider_id from waiting)
      on conflict (command_id) do update
        set updated_at = ${touchExisting.set.updatedAt}
        where ${commands.publishedAt} is null
      returning command_id, rider_id, xmax = 0 as is_new
    )
    select command_id, rider_id, is_new,
      exists (select from ${riders} where ${riders.riderId} = stored.rider_id) as rider_stored,
      (select count(*)::integer from ${commands} as open where ${isWaiting}) as ahead
    from stored
    union all (
      select distinct on (rider_id) command_id, rider_id, false, false,
        (select count(*)::integer from ${commands} as open
          where ${isWaiting} and open.requested_at < waiting.requested_at)
      from waiting order by rider_id, requested_at
    )`,
);

async function storeAdds(db: Database, batch: readonly NewCommand[]): Promise<Stored[]> {
  const firsts = firstOfEach(batch, ({ commandId }) => commandId);
  const rows = await insertAdds(db, columnValues(columns, [...firsts.values()]));
  const stored = new Map(rows.filter((row) => row.is_new).map((row) => [row.command_id, row]));
  const waiting = new Map(rows.filter((row) => !row.is_new).map((row) => [row.rider_id, row]));
  let earlier = 0;
  return batch.map((command) => {
    const row = stored.get(command.commandId);
    if (row && command === firsts.get(command.commandId)) {
      earlier += 1;
      return {
        ...storedAs(row.command_id),
        isNew: true,
        riderStored: row.rider_stored,
        ahead: row.ahead + earlier - 1,
      };
    }
    const same = waiting.get(command.riderId ?? 0);
    return same ? { ...storedAs(same.command_id), ahead: same.ahead } : storedAs(command.commandId);
  });
}

/** A command that was stored before. */
const storedAs = (commandId: string): Stored => ({
  commandId,
  isNew: false,
  riderStored: false,
  ahead: 0,
});

interface NewImport {
  readonly command: NewCommand;
  readonly riderIds: readonly number[];
}

async function storeImports(db: Database, batch: readonly NewImport[]): Promise<Stored[]> {
  const firsts = firstOfEach(batch, ({ command }) => command.commandId);
  const entries = [...firsts.values()];
  const rows = entries.map(({ command }) => command);
  const insert = db
    .insert(commands)
    .select(asRows(commands, rows))
    .onConflictDoUpdate(touchExisting)
    .returning({ commandId: commands.commandId, isNew: isInserted });
  const iso = (ms: number) => new Date(ms).toISOString();
  const given = entries.map(
    ({ command: { commandId, requestedAt }, riderIds }) =>
      sql`(${commandId}, ${sql.param(riderIds)}::integer[],
        ${iso(requestedAt - importMaxAgeMs)}::timestamptz, ${iso(requestedAt)}::timestamptz)`,
  );
  const { rows: inserted } = await db.execute<{ command_id: string; ahead: number }>(sql`
    with stored as ${insert}, wanted as (
      insert into ${wantedRiders} (command_id, rider_id, why, fresh_from, since)
      select command_id, rider_id, 'import', fresh_from, since
      from (values ${sql.join(given, sql`, `)}) as given (command_id, rider_ids, fresh_from, since)
      join stored using (command_id), unnest(rider_ids) as rider_id
      where is_new
    )
    select command_id, (select count(*)::integer from ${wantedRiders} where outcome is null) as ahead
    from stored where is_new`);
  const stored = new Map(inserted.map((row) => [row.command_id, row.ahead]));
  let earlier = 0;
  return batch.map((entry) => {
    const { commandId } = entry.command;
    const waiting = stored.get(commandId);
    if (waiting === undefined || entry !== firsts.get(commandId)) return storedAs(commandId);
    earlier += entry.riderIds.length;
    return { ...storedAs(commandId), isNew: true, ahead: waiting + earlier - entry.riderIds.length };
  });
}
