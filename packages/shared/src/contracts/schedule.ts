import { z } from 'zod';
import { catchUp, opening, skips } from '../config/slots.ts';
import { maxSlotMs, timeZone } from '../config/values.ts';
import { kindNames, kinds, mapValues } from '../definition/index.ts';
import { timestamp, policy, syncModes } from './vocabulary.ts';

/** The slot settings of a sync kind; texts have the format of the configuration. */
export const slotSettings = z.object({
  mode: z.enum(syncModes),
  opens: opening,
  durationMs: z.number().int().min(1_000).max(maxSlotMs),
  skip: skips,
  catchUp,
});
export type SlotSettings = z.infer<typeof slotSettings>;

export const scheduleSettings = z.object({
  timeZone,
  kinds: z.record(z.enum(kindNames), slotSettings),
});
export type ScheduleSettings = z.infer<typeof scheduleSettings>;

/** Until when a kind opens no slots, apart from its settings. */
const pausedUntil = z.partialRecord(z.enum(kindNames), timestamp);
export type PausedUntil = z.infer<typeof pausedUntil>;

/** A change of the schedule; omitted fields keep their value. */
export const scheduleChange = z.object({
  timeZone: timeZone.optional(),
  kinds: z.partialRecord(z.enum(kindNames), slotSettings.partial()).optional(),
  /** null ends a pause. */
  pausedUntil: z.partialRecord(z.enum(kindNames), timestamp.nullable()).optional(),
});
export type ScheduleChange = z.infer<typeof scheduleChange>;

/** As stored on the broker. Earlier periods are kept to know which slots were due in them. */
export const storedSchedule = z.object({
  periods: z
    .array(z.object({ since: timestamp, settings: scheduleSettings, pausedUntil: pausedUntil.optional() }))
    .min(1),
  /** The configured settings when the variables were last read. */
  configured: scheduleSettings,
  /** Whether the API has changed the schedule since. */
  changed: z.boolean(),
});
export type StoredSchedule = z.infer<typeof storedSchedule>;
export type SchedulePeriod = StoredSchedule['periods'][number];

export const scheduleBucket = 'SCHEDULE';
export const scheduleKey = 'in-force';

/** The schedule in force and its next slots; none for a kind that is off. */
export const scheduleInForce = z.object({
  /** Increases with each change. */
  version: z.number().int(),
  settings: scheduleSettings,
  pausedUntil: pausedUntil.optional(),
  /** False: it is the configured schedule. */
  changed: z.boolean(),
  since: timestamp,
  next: z.record(
    z.enum(kindNames),
    z.array(z.object({ slotId: z.string(), opensAt: timestamp, endsAt: timestamp })),
  ),
  /** Why the stored schedule can't be read; the last readable one is in force then. */
  problem: z.string().optional(),
});
export type ScheduleInForce = z.infer<typeof scheduleInForce>;

export const scheduleChanged = scheduleInForce.omit({ next: true, problem: true });

/** A lint finding: what cannot work (error) or deserves attention (warning), with an example. */
const finding = z.object({
  rule: z.enum(['collision', 'overrun', 'demand', 'goal']),
  severity: z.enum(['error', 'warning']),
  kinds: z.array(z.enum(kindNames)).readonly(),
  message: z.string(),
  timeline: z.array(z.object({ at: timestamp, says: z.string() })).readonly(),
});
export type LintFinding = z.infer<typeof finding>;

/** The freshness goal of a kind's clubs or events, project ms; `cycle`: refreshed in every slot. */
const goal = z.object({
  kind: z.enum(kindNames),
  within: z.union([z.number().positive(), z.literal('cycle')]),
});
export type KindGoal = Readonly<z.infer<typeof goal>>;

/** A kind's slots on a busy day. */
const kindForecast = z.object({
  kind: z.enum(kindNames),
  things: z.number(),
  slotsADay: z.number(),
  callsADay: z.number(),
  /** Calls that fit into the slot with the least room, and into the one with the most. */
  fewest: z.number(),
  most: z.number(),
  /** How long one pass over everything takes when it gets every call that is not reserved, project ms. */
  passMs: z.number(),
  /** Max age of a copy, project ms; null: never refreshed. */
  oldestMs: z.number().nullable(),
  /** The freshness goal, project ms; null: none. */
  goalMs: z.number().nullable(),
});
export type KindForecast = z.infer<typeof kindForecast>;

/** A budget on a busy day. */
const budgetForecast = z.object({
  budget: z.string(),
  policy,
  /** Calls that the limit allows. */
  allowed: z.number(),
  /** Calls that each kind needs to meet its freshness goal or, without one, to refresh everything in every slot. */
  wanted: z.partialRecord(z.enum(kindNames), z.number()),
  /** Calls that don't wait for a slot. */
  urgent: z.number(),
  /** Calls that fit, urgent ones included, and their share of `allowed`. */
  room: z.number(),
  used: z.number(),
});
export type BudgetForecast = z.infer<typeof budgetForecast>;

const forecast = z.object({
  kinds: z.array(kindForecast).readonly(),
  budgets: z.array(budgetForecast).readonly(),
});
export type Forecast = z.infer<typeof forecast>;

/** The findings and forecast of a schedule, and a repaired schedule without errors. */
export const scheduleCheck = z.object({
  settings: scheduleSettings,
  findings: z.array(finding).readonly(),
  forecast,
  repaired: scheduleSettings,
  /** The freshness goals that the repaired schedule meets; relaxed where no slots could meet the requested ones. */
  goals: z.array(goal).readonly(),
});
export type ScheduleCheck = z.infer<typeof scheduleCheck>;

/** Requests a check of the schedule in force with a change, for these numbers of things and freshness goals. */
export const checkSchedule = z.object({
  change: scheduleChange,
  // A scheduler ignores kinds that it does not know, as the API can be newer.
  things: z.object(mapValues(kinds, () => z.number().int().min(0))).partial(),
  goals: z.array(goal),
});
export type CheckSchedule = z.infer<typeof checkSchedule>;

export const changeSchedule = z.object({
  /** The version to change; null: the one in force. */
  version: z.number().int().nullable(),
  /** null: reset to the configured schedule. */
  change: scheduleChange.nullable(),
  /** Whether to apply it even if the check finds errors. */
  despiteErrors: z.boolean(),
});
export type ChangeSchedule = z.infer<typeof changeSchedule>;

export const scheduleReply = z.discriminatedUnion('answer', [
  z.object({ answer: z.literal('in_force'), schedule: scheduleInForce }),
  z.object({ answer: z.literal('changed_meanwhile'), version: z.number().int() }),
  z.object({ answer: z.literal('refused'), check: scheduleCheck }),
]);
export type ScheduleReply = z.infer<typeof scheduleReply>;
