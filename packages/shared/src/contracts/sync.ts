import { kindNames } from '../definition/index.ts';
import { z } from 'zod';
import { timestamp, progress, traceContext } from './vocabulary.ts';

/** A slot's opening and closing time. `slotId` is unique. */
export const slot = z.object({
  slotId: z.string().startsWith('slot:'),
  kind: z.enum(kindNames),
  scheduledFor: timestamp,
  endsAt: timestamp,
});
export type Slot = z.infer<typeof slot>;

/** A slot opened: its sync can run until `endsAt` or, when observed, plan a run. */
export const tick = slot.extend({
  mode: z.enum(['on', 'observed']),
  /** The id of its run, if requested through the API. */
  runId: z.string().min(1).optional(),
  /** The run whose checkpoint it continues from; default: the last run of its kind. */
  continues: z.string().min(1).optional(),
  /** Its run can start after the slot, as after an outage: for at most `maxMs`, until `until`. Default: it is skipped. */
  late: z.object({ until: timestamp, maxMs: z.number().int().positive() }).optional(),
});
export type Tick = z.infer<typeof tick>;

export const addRider = z.object({
  commandId: z.string().min(1),
  riderId: z.number().int().positive(),
  requestedAt: timestamp,
});
export type AddRider = z.infer<typeof addRider>;

/** Imports skip riders whose copy is younger than this, project ms. */
export const importMaxAgeMs = 86_400_000;

/** Adds or refreshes many riders. Their ids are stored in the table `wanted_riders`. */
export const importRiders = z.object({ commandId: z.string().min(1), requestedAt: timestamp });
export type ImportRiders = z.infer<typeof importRiders>;

/** A command was cancelled; its row is already updated. */
export const commandCancelled = z.object({ commandId: z.string().min(1) });

/** How many riders of an import are waiting, were stored, and failed. */
export const riderCounts = z.object({
  waiting: z.number().int().nonnegative(),
  done: z.number().int().nonnegative(),
  failed: z.number().int().nonnegative(),
});
export type RiderCounts = z.infer<typeof riderCounts>;

/** A command made progress; users see `progress`. */
export const commandChanged = z.object({
  commandId: z.string().min(1),
  /** The rider of an add; absent for an import. */
  riderId: z.number().int().positive().optional(),
  riders: riderCounts.optional(),
  /** Absent from a service of an older version. */
  requestedAt: timestamp.optional(),
  at: timestamp,
  progress,
});
export type CommandChanged = z.infer<typeof commandChanged>;

/** Clubs or events planned, synced, failed and deferred to the next slot; riders, signups or results stored. */
export const runCounts = z.object({
  planned: z.number().int(),
  synced: z.number().int(),
  failed: z.number().int(),
  deferred: z.number().int(),
  stored: z.number().int(),
});
export type RunCounts = z.infer<typeof runCounts>;

/** An item of a response that could not be read, and was skipped. `id`: null when that could not be read either. */
export const unreadableItem = z.object({ id: z.string().nullable(), reason: z.string() });
export type UnreadableItem = z.infer<typeof unreadableItem>;

/** The unreadable riders, events, signups and results in the responses to a run: how many, and the first ids. */
export const unreadable = z.object({
  count: z.number().int().nonnegative(),
  ids: z.array(z.string()),
});
export type Unreadable = z.infer<typeof unreadable>;

/** `partly_failed`: clubs or events were synced, but others or the event list failed or are in doubt. */
export const runStates = ['running', 'done', 'partly_failed', 'failed'] as const;
export type RunState = (typeof runStates)[number];

/** A run started, made progress or ended. */
export const runChanged = z.object({
  runId: z.string().min(1),
  kind: z.enum(kindNames),
  slotId: z.string().nullable(),
  mode: tick.shape.mode,
  state: z.enum(runStates),
  at: timestamp,
  counts: runCounts,
  /** Absent when all items could be read. */
  unreadable: unreadable.optional(),
  error: z.string().nullable(),
});
export type RunChanged = z.infer<typeof runChanged>;

/** A bulk call for riders was sent, was answered (outcomes are stored) or failed (its riders still wait). */
export const bulkCallChanged = z.object({
  call: z.string().min(1),
  stage: z.enum(['sent', 'answered', 'lost']),
  sentAt: timestamp,
  riderIds: z.array(z.number().int().positive()).max(1_000),
  imports: z.array(z.string()).max(1_000),
  /** Riders outside the clubs that only fill the call. Once answered: how many of them were stored. */
  outsiders: z.number().int().nonnegative(),
  trace: traceContext,
});
export type BulkCallChanged = z.infer<typeof bulkCallChanged>;
