import { kindNames } from '../definition/index.ts';
import { z } from 'zod';
import { timestamp, progress, traceContext } from './vocabulary.ts';

/** When a slot opens and closes. Unique by `slotId`. */
export const slot = z.object({
  slotId: z.string().startsWith('slot:'),
  kind: z.enum(kindNames),
  scheduledFor: timestamp,
  endsAt: timestamp,
});
export type Slot = z.infer<typeof slot>;

/** A slot has opened: the sync of this kind may run until `endsAt`, or only say what it would do. */
export const tick = slot.extend({
  mode: z.enum(['on', 'observed']),
  /** The id of its run, when the run was requested through the API. */
  runId: z.string().min(1).optional(),
  /** The run that it goes on with; absent: with the last one of its kind. */
  continues: z.string().min(1).optional(),
});
export type Tick = z.infer<typeof tick>;

export const addRider = z.object({
  commandId: z.string().min(1),
  riderId: z.number().int().positive(),
  requestedAt: timestamp,
});
export type AddRider = z.infer<typeof addRider>;

/** A copy of a rider that is a day old is fresh enough for an import, project ms: such riders are not fetched again. */
export const importMaxAgeMs = 86_400_000;

/** Add or refresh many riders: their ids are stored with the command, in the table `wanted_riders`. */
export const importRiders = z.object({ commandId: z.string().min(1), requestedAt: timestamp });
export type ImportRiders = z.infer<typeof importRiders>;

/** A command was cancelled; its row is updated already. */
export const commandCancelled = z.object({ commandId: z.string().min(1) });

/** How many riders of an import are still to come, were stored, and could not be had. */
export const riderCounts = z.object({
  waiting: z.number().int().nonnegative(),
  done: z.number().int().nonnegative(),
  failed: z.number().int().nonnegative(),
});
export type RiderCounts = z.infer<typeof riderCounts>;

/** A command has made progress; `progress` is what its user is shown. */
export const commandChanged = z.object({
  commandId: z.string().min(1),
  /** The rider that is added; absent with an import. */
  riderId: z.number().int().positive().optional(),
  riders: riderCounts.optional(),
  at: timestamp,
  progress,
});
export type CommandChanged = z.infer<typeof commandChanged>;

/** Clubs or events planned, synced, failed, left for the next slot; riders or signups stored. */
export const runCounts = z.object({
  planned: z.number().int(),
  synced: z.number().int(),
  failed: z.number().int(),
  deferred: z.number().int(),
  stored: z.number().int(),
});
export type RunCounts = z.infer<typeof runCounts>;

/** A run has begun, moved on or ended. */
export const runChanged = z.object({
  runId: z.string().min(1),
  kind: z.enum(kindNames),
  slotId: z.string().nullable(),
  mode: tick.shape.mode,
  state: z.enum(['running', 'done', 'failed']),
  at: timestamp,
  counts: runCounts,
  error: z.string().nullable(),
});
export type RunChanged = z.infer<typeof runChanged>;

/** A bulk call for riders was sent, answered (outcomes are stored) or lost (its riders are wanted as before). */
export const bulkCallChanged = z.object({
  call: z.string().min(1),
  stage: z.enum(['sent', 'answered', 'lost']),
  sentAt: timestamp,
  riderIds: z.array(z.number().int().positive()).max(1_000),
  imports: z.array(z.string()).max(1_000),
  /** How many of the riders are on it only because it had room: riders outside the clubs. Once answered: were stored. */
  outsiders: z.number().int().nonnegative(),
  trace: traceContext,
});
export type BulkCallChanged = z.infer<typeof bulkCallChanged>;
