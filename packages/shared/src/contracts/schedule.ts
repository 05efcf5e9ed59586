import { kindNames } from '../definition/index.ts';
import { z } from 'zod';
import { catchUp } from '../config/catch-up.ts';
import { longestSlot } from '../config/duration.ts';
import { opening } from '../config/opening.ts';
import { skips } from '../config/skips.ts';
import { timeZone } from '../config/time-zone.ts';
import { moment, syncModes } from './vocabulary.ts';

/** When a kind of sync has its slots, and what it does in them; texts are as in the configuration. */
export const slotSettings = z.object({
  mode: z.enum(syncModes),
  opens: opening,
  durationMs: z.number().int().min(1_000).max(longestSlot),
  skip: skips,
  catchUp,
});
export type SlotSettings = z.infer<typeof slotSettings>;

/** The slots of all kinds. */
export const scheduleSettings = z.object({
  timeZone,
  kinds: z.record(z.enum(kindNames), slotSettings),
});
export type ScheduleSettings = z.infer<typeof scheduleSettings>;

/** What is to be different; the rest stays as it is. */
export const scheduleChange = z.object({
  timeZone: timeZone.optional(),
  kinds: z.partialRecord(z.enum(kindNames), slotSettings.partial()).optional(),
});
export type ScheduleChange = z.infer<typeof scheduleChange>;

/**
 * The schedule in force, as it is kept on the broker: the settings of each stretch of time, the last one until further
 * notice. Those before tell which slots were to open at that time.
 */
export const keptSchedule = z.object({
  eras: z.array(z.object({ since: moment, settings: scheduleSettings })).min(1),
  /** What the variables said when they were last read. */
  configured: scheduleSettings,
  /** Whether somebody has changed it since. */
  changed: z.boolean(),
});
export type KeptSchedule = z.infer<typeof keptSchedule>;
export type Era = KeptSchedule['eras'][number];

/** Where it is kept. */
export const scheduleBucket = 'SCHEDULE';
export const scheduleKey = 'in-force';

/** The schedule in force, and the slots that open next; none of a kind that is off. */
export const scheduleInForce = z.object({
  /** Counts up with each change. */
  version: z.number().int(),
  settings: scheduleSettings,
  /** False: it is what is configured. */
  changed: z.boolean(),
  since: moment,
  next: z.record(
    z.enum(kindNames),
    z.array(z.object({ slotId: z.string(), opensAt: moment, endsAt: moment })),
  ),
});
export type ScheduleInForce = z.infer<typeof scheduleInForce>;

/** Another schedule is in force. */
export const scheduleChanged = scheduleInForce.omit({ next: true });
