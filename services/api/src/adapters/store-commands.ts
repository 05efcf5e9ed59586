import { importFreshness } from '@paceline/shared/contracts';
import { asRows, type Database, isDatabaseAway, neverArrived, tables } from '@paceline/shared/database';
import { sql } from 'drizzle-orm';
import type { CommandRow } from '../core/command.ts';
import type { CommandQueue } from './command-queue.ts';
import { inBatches } from './in-batches.ts';

const { commands, riders, wantedRiders } = tables;

/** Commands, and imports of up to ten thousand riders each, that one statement stores. */
const addsAtOnce = 500;
const importsAtOnce = 10;

/** A new command. */
export type NewCommand = Omit<CommandRow, 'riderStored' | 'riders'>;

/** What is known of a command once it is stored. */
export interface Stored {
  /** False: a command of this id was stored before, and it is that one. */
  readonly isNew: boolean;
  readonly riderStored: boolean;
  /** An add: the adds that wait and go before it. An import: the riders of earlier imports. */
  readonly ahead: number;
}

export interface CommandStore {
  /**
   * Stores a command, still to be handed on, unless it is there already. Commands that come at once share a statement.
   * @param riderIds with an import: its riders, none twice
   * @throws {CommandQueueFull} and whatever Postgres throws: the command is not stored then, or withdrawn later
   */
  store(command: NewCommand, riderIds: readonly number[]): Promise<Stored>;
  /** Deletes commands that were refused although Postgres, which went away just then, may have stored them. */
  withdrawRefused(): Promise<void>;
}

export function commandStore(db: Database, queue: CommandQueue): CommandStore {
  const add = inBatches((batch: readonly NewCommand[]) => storeAdds(db, batch), addsAtOnce);
  const addImport = inBatches((batch: readonly NewImport[]) => storeImports(db, batch), importsAtOnce);
  const refused = new Set<string>();
  return {
    async store(command, riderIds) {
      const { commandId, riderId } = command;
      try {
        const stored = await queue(() =>
          riderId === null ? addImport({ command, riderIds }) : add(command),
        );
        refused.delete(commandId);
        return stored;
      } catch (error) {
        if (isDatabaseAway(error) && !neverArrived(error)) refused.add(commandId);
        throw error;
      }
    },
    async withdrawRefused() {
      const ids = [...refused];
      if (ids.length === 0) return;
      await withdraw(db, ids);
      for (const id of ids) refused.delete(id);
    },
  };
}

/** Counted before any of the batch is there: its own places are added one by one. */
const addsWaiting = sql<number>`(select count(*)::integer from ${commands} as open
  where open.finished_at is null and open.type = 'add-rider' and open.progress ->> 'state' <> 'running')`;

async function storeAdds(db: Database, batch: readonly NewCommand[]): Promise<Stored[]> {
  const rows = await db
    .insert(commands)
    .select(asRows(commands, batch))
    .onConflictDoNothing()
    .returning({
      commandId: commands.commandId,
      riderStored: sql<boolean>`exists (select from ${riders} as known where known.rider_id = commands.rider_id)`,
      ahead: addsWaiting,
    });
  const stored = new Map(rows.map((row) => [row.commandId, row]));
  let before = 0;
  return batch.map(({ commandId }) => {
    const row = stored.get(commandId);
    if (!row) return alreadyThere;
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
  const rows = batch.map(({ command }) => command);
  const insert = db
    .insert(commands)
    .select(asRows(commands, rows))
    .onConflictDoNothing()
    .returning({ commandId: commands.commandId });
  const iso = (ms: number) => new Date(ms).toISOString();
  const given = batch.map(
    ({ command: { commandId, requestedAt }, riderIds }) =>
      sql`(${commandId}, ${sql.param(riderIds)}::integer[],
        ${iso(requestedAt - importFreshness)}::timestamptz, ${iso(requestedAt)}::timestamptz)`,
  );
  const { rows: inserted } = await db.execute<{ command_id: string; ahead: number }>(sql`
    with stored as ${insert}, wanted as (
      insert into ${wantedRiders} (command_id, rider_id, why, fresh_from, since)
      select command_id, rider_id, 'import', fresh_from, since
      from (values ${sql.join(given, sql`, `)}) as given (command_id, rider_ids, fresh_from, since)
      join stored using (command_id), unnest(rider_ids) as rider_id
    )
    select command_id, (select count(*)::integer from ${wantedRiders} where outcome is null) as ahead
    from stored`);
  const stored = new Map(inserted.map((row) => [row.command_id, row.ahead]));
  let before = 0;
  return batch.map(({ command, riderIds }) => {
    const waiting = stored.get(command.commandId);
    if (waiting === undefined) return alreadyThere;
    before += riderIds.length;
    return { isNew: true, riderStored: false, ahead: waiting + before - riderIds.length };
  });
}

/** What was published is carried out, and stays. */
const withdraw = (db: Database, commandIds: readonly string[]) =>
  db.execute(sql`
    with withdrawn as (
      delete from ${commands}
      where command_id = any(${sql.param(commandIds)}::text[]) and published_at is null
      returning command_id
    )
    delete from ${wantedRiders} using withdrawn where ${wantedRiders}.command_id = withdrawn.command_id`);
