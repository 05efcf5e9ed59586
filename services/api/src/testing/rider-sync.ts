import {
  type AddRider,
  catalog,
  type ImportRiders,
  isFinal,
  type Progress,
} from '@paceline/shared/contracts';
import { type Database, tables } from '@paceline/shared/database';
import { type Bus, done, type Handling, handle, publish } from '@paceline/shared/messaging';
import { and, eq } from 'drizzle-orm';
import { riderRow } from './rows.ts';

/** Plays the service that carries commands out: on the real broker, with the real message. */
export interface StandIn {
  /** The commands that it was given, in the order of arrival. */
  readonly received: AddRider[];
  stop(): Promise<void>;
}

/**
 * @param carryOut is given each command and a way to move it on: the row first, then the event
 */
export async function playRiderSync(
  bus: Bus,
  db: Database,
  carryOut: (command: AddRider, move: (progress: Progress) => Promise<void>) => Promise<void>,
): Promise<StandIn> {
  const received: AddRider[] = [];
  const handling: Handling = await handle(bus, catalog.addRider, async (command) => {
    received.push(command);
    await carryOut(command, (progress) => moveOn(bus, db, command, progress));
    return done;
  });
  return { received, stop: () => handling.stop() };
}

/** Plays the service that carries imports out: what became of the riders is stored before the command ends. */
export async function playImports(
  bus: Bus,
  db: Database,
  progress: Progress,
  {
    failed = [],
    onCommand,
  }: { failed?: readonly number[]; onCommand?: (command: ImportRiders) => void } = {},
): Promise<Pick<StandIn, 'stop'>> {
  const { commands, wantedRiders } = tables;
  const handling: Handling = await handle(bus, catalog.importRiders, async (command) => {
    onCommand?.(command);
    const { commandId, requestedAt: at } = command;
    const ofCommand = eq(wantedRiders.commandId, commandId);
    await db.update(wantedRiders).set({ outcome: 'done', endedAt: at }).where(ofCommand);
    for (const riderId of failed) {
      const reason = `ZwiftRacing knows no rider ${riderId}`;
      await db
        .update(wantedRiders)
        .set({ outcome: 'failed', reason })
        .where(and(ofCommand, eq(wantedRiders.riderId, riderId)));
    }
    await db
      .update(commands)
      .set({ progress, updatedAt: at, finishedAt: at })
      .where(eq(commands.commandId, commandId));
    await publish(bus, catalog.commandChanged, { commandId, at, progress });
    return done;
  });
  return { stop: () => handling.stop() };
}

async function moveOn(
  bus: Bus,
  db: Database,
  { commandId, riderId, requestedAt: at }: AddRider,
  progress: Progress,
): Promise<void> {
  const finishedAt = isFinal(progress) ? at : null;
  if (progress.state === 'done') {
    await db.insert(tables.riders).values(riderRow(riderId)).onConflictDoNothing();
  }
  await db
    .update(tables.commands)
    .set({ progress, updatedAt: at, finishedAt })
    .where(eq(tables.commands.commandId, commandId));
  await publish(bus, catalog.commandChanged, { commandId, riderId, at, progress });
}
