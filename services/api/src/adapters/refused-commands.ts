import type { Machine } from '@paceline/shared/clock';
import { type Database, tables } from '@paceline/shared/database';
import { sql } from 'drizzle-orm';
import type { CommandRow } from '../core/command.ts';

const { commands, wantedRiders } = tables;

/** Machine ms: the statement of a request whose connection broke may still wait for a lock, and be committed later. */
const rememberedMs = 300_000;

/** Tells the row of a refused request from the same one accepted since: storing it again moves `updatedAt`. */
type Refused = Pick<CommandRow, 'commandId' | 'updatedAt'>;

/** Commands that were refused while it was unknown whether Postgres has stored them. */
export interface RefusedCommands {
  note(command: Refused): void;
  forget(command: Refused): void;
  has(command: Refused): boolean;
  /** Deletes those that are stored by now. Published commands are kept: they will run. */
  withdraw(): Promise<void>;
}

export function refusedCommands(db: Database, machine: Machine): RefusedCommands {
  const known = new Map<string, Refused & { readonly until: number }>();
  const nameOf = ({ commandId, updatedAt }: Refused) => `${commandId} ${updatedAt}`;
  return {
    note: (command) =>
      void known.set(nameOf(command), { ...command, until: machine.elapsed() + rememberedMs }),
    forget: (command) => void known.delete(nameOf(command)),
    has: (command) => known.has(nameOf(command)),
    async withdraw() {
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
