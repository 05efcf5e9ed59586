import { z } from 'zod';
import { moment, progress, syncKinds } from './vocabulary.ts';

/** When a slot opens and closes. Unique by `slotId`. */
export const slot = z.object({
  slotId: z.string().startsWith('slot:'),
  kind: z.enum(syncKinds),
  scheduledFor: moment,
  endsAt: moment,
});
export type Slot = z.infer<typeof slot>;

/** A slot has opened: the sync of this kind may run until `endsAt`, or only say what it would do. */
export const tick = slot.extend({ mode: z.enum(['on', 'observed']) });
export type Tick = z.infer<typeof tick>;

/** Somebody wants to see this rider now. */
export const addRider = z.object({
  commandId: z.string().min(1),
  riderId: z.number().int().positive(),
  requestedAt: moment,
});
export type AddRider = z.infer<typeof addRider>;

/** A command has moved on; `progress` is what its asker is shown. */
export const commandChanged = z.object({
  commandId: z.string().min(1),
  riderId: z.number().int().positive(),
  at: moment,
  progress,
});
export type CommandChanged = z.infer<typeof commandChanged>;

/**
 * How many clubs or events a run planned, synced, could not sync, and left for the next slot; and how many riders or
 * signups it stored on the way.
 */
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
  kind: z.enum(syncKinds),
  slotId: z.string().nullable(),
  state: z.enum(['running', 'done', 'failed']),
  at: moment,
  counts: runCounts,
  error: z.string().nullable(),
});
export type RunChanged = z.infer<typeof runChanged>;
