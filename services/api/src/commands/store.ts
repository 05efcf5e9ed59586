import type { Machine } from '@paceline/shared/clock';
import {
  type Database,
  tables,
  asRows,
  isDatabaseUnavailable,
  neverReachedDatabase,
} from '@paceline/shared/database';
import { sql, isNull } from 'drizzle-orm';
import type { CommandRow } from './view.ts';
import { importMaxAgeMs } from '@paceline/shared/contracts';
import { type CommandQueue, inBatches } from './batches.ts';

const { commands, riders, wantedRiders } = tables;

/** Machine ms: the statement of a request whose connection broke may still wait for a lock, and be committed later. */
const rememberedMs = 300_000;

/** Tells the row of a refused request from the same one accepted since: storing it again moves `updatedAt`. */
type Refused = Pick<CommandRow, 'commandId' | 'updatedAt'>;

function refusedCommands(db: Database, machine: Machine) {
  const known = new Map<string, Refused & { readonly until: number }>();
  const nameOf = ({ commandId, updatedAt }: Refused) => `${commandId} ${updatedAt}`;
  return {
    note: (command: Refused) =>
      void known.set(nameOf(command), { ...command, until: machine.elapsed() + rememberedMs }),
    forget: (command: Refused) => void known.delete(nameOf(command)),
    has: (command: Refused) => known.has(nameOf(command)),
    async withdraw(): Promise<void> {
      if (known.size === 0) return;
      const now = machine.elapsed();
      const asked = [...known];
      await withdraw(
        db,
        asked.map(([, refused]) => refused),
      );
      for (const [name, { until }] of asked) if (until <= now) known.delete(name);
    },
  };
}

/** In the order of the ids: two processes must lock rows in the same order. */
async function withdraw(db: Database, refused: readonly Refused[]): Promise<void> {
  await db.execute(sql`
    with refused as (
      select command_id from ${commands} join unnest(
        ${sql.param(refused.map(({ commandId }) => commandId))}::text[],
        ${sql.param(refused.map(({ updatedAt }) => new Date(updatedAt).toISOString()))}::timestamptz[]
      ) as given (command_id, updated_at) using (command_id, updated_at)
      where published_at is null
      order by command_id collate "C"
      for update of commands
    ), withdrawn as (
      delete from ${commands} using refused where ${commands}.command_id = refused.command_id
      returning ${commands}.command_id
    )
    delete from ${wantedRiders} using withdrawn where ${wantedRiders}.command_id = withdrawn.command_id`);
}

/** Commands, and imports of up to ten thousand riders each, that one statement stores. */
const addsAtOnce = 500;
const importsAtOnce = 10;

export type NewCommand = Omit<CommandRow, 'riderStored' | 'riders'>;

export interface Stored {
  readonly isNew: boolean;
  readonly riderStored: boolean;
  /** An add: the adds that wait and go before it. An import: the riders of earlier imports. */
  readonly ahead: number;
}

export function commandStore(db: Database, queue: CommandQueue, machine: Machine) {
  const add = inBatches((batch: readonly NewCommand[]) => storeAdds(db, batch), addsAtOnce, machine);
  const addImport = inBatches(
    (batch: readonly NewImport[]) => storeImports(db, batch),
    importsAtOnce,
    machine,
  );
  const refused = refusedCommands(db, machine);
  return {
    /** Those that were refused although Postgres, which went away just then, may have stored them. */
    refused,
    /** Stores a command unless it exists. @throws {CommandQueueFull} and what Postgres throws */
    async store(command: NewCommand, riderIds: readonly number[]): Promise<Stored> {
      try {
        const stored = await queue(() =>
          command.riderId === null ? addImport({ command, riderIds }) : add(command),
        );
        refused.forget(command);
        return stored;
      } catch (error) {
        if (isDatabaseUnavailable(error) && !neverReachedDatabase(error)) refused.note(command);
        throw error;
      }
    },
  };
}

export type CommandStore = ReturnType<typeof commandStore>;

/** The first entry of each id, sorted by id: two processes must lock rows in the same order. */
function firstOfEach<T>(batch: readonly T[], idOf: (entry: T) => string): Map<string, T> {
  const firsts = new Map(batch.toReversed().map((entry) => [idOf(entry), entry]));
  return new Map([...firsts].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** A command that is there already is touched, so that it is not withdrawn for the request that stored it. */
const keepAccepted = {
  target: commands.commandId,
  set: { updatedAt: sql`greatest(excluded.updated_at, ${commands.updatedAt} + interval '1 millisecond')` },
  setWhere: isNull(commands.publishedAt),
};
const isInserted = sql<boolean>`xmax = 0`.as('is_new');

/** Counted before any of the batch is there: its own places are added one by one. */
const addsWaiting = sql<number>`(select count(*)::integer from ${commands} as open
  where open.finished_at is null and open.type = 'add-rider' and open.progress ->> 'state' <> 'running')`;

async function storeAdds(db: Database, batch: readonly NewCommand[]): Promise<Stored[]> {
  const firsts = firstOfEach(batch, ({ commandId }) => commandId);
  const rows = await db
    .insert(commands)
    .select(asRows(commands, [...firsts.values()]))
    .onConflictDoUpdate(keepAccepted)
    .returning({
      commandId: commands.commandId,
      isNew: isInserted,
      riderStored: sql<boolean>`exists (select from ${riders} as known where known.rider_id = commands.rider_id)`,
      ahead: addsWaiting,
    });
  const stored = new Map(rows.filter(({ isNew }) => isNew).map((row) => [row.commandId, row]));
  let before = 0;
  return batch.map((command) => {
    const row = stored.get(command.commandId);
    if (!row || command !== firsts.get(command.commandId)) return alreadyThere;
    before += 1;
    return { isNew: true, riderStored: row.riderStored, ahead: row.ahead + before - 1 };
  });
}

const alreadyThere: Stored = { isNew: false, riderStored: false, ahead: 0 };

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
    .onConflictDoUpdate(keepAccepted)
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
  let before = 0;
  return batch.map((entry) => {
    const { commandId } = entry.command;
    const waiting = stored.get(commandId);
    if (waiting === undefined || entry !== firsts.get(commandId)) return alreadyThere;
    before += entry.riderIds.length;
    return { isNew: true, riderStored: false, ahead: waiting + before - entry.riderIds.length };
  });
}
