import { z } from 'zod';
import { catchUp, opening, skips } from '../config/slots.ts';
import { longestSlot, timeZone } from '../config/values.ts';
import { budgetNames, kindNames, kinds, mapValues } from '../definition/index.ts';
import { timestamp, policy, syncModes } from './vocabulary.ts';

/** When a kind of sync has its slots, and what it does in them; texts are as in the configuration. */
export const slotSettings = z.object({
  mode: z.enum(syncModes),
  opens: opening,
  durationMs: z.number().int().min(1_000).max(longestSlot),
  skip: skips,
  catchUp,
});
export type SlotSettings = z.infer<typeof slotSettings>;

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

/** On the broker: the settings of each period. Earlier periods tell which slots were to open then. */
export const storedSchedule = z.object({
  periods: z.array(z.object({ since: timestamp, settings: scheduleSettings })).min(1),
  /** What was configured when the variables were last read. */
  configured: scheduleSettings,
  /** Whether it was changed through the API since. */
  changed: z.boolean(),
});
export type StoredSchedule = z.infer<typeof storedSchedule>;
export type SchedulePeriod = StoredSchedule['periods'][number];

export const scheduleBucket = 'SCHEDULE';
export const scheduleKey = 'in-force';

/** The schedule in force, and the slots that open next; none of a kind that is off. */
export const scheduleInForce = z.object({
  /** Counts up with each change. */
  version: z.number().int(),
  settings: scheduleSettings,
  /** False: it is what is configured. */
  changed: z.boolean(),
  since: timestamp,
  next: z.record(
    z.enum(kindNames),
    z.array(z.object({ slotId: z.string(), opensAt: timestamp, endsAt: timestamp })),
  ),
});
export type ScheduleInForce = z.infer<typeof scheduleInForce>;

export const scheduleChanged = scheduleInForce.omit({ next: true });

/** What a plan cannot do (an error), or what an operator should know of it (a warning), with an example. */
const finding = z.object({
  rule: z.enum(['collision', 'overrun', 'demand', 'promise']),
  severity: z.enum(['error', 'warning']),
  kinds: z.array(z.enum(kindNames)).readonly(),
  message: z.string(),
  timeline: z.array(z.object({ at: timestamp, says: z.string() })).readonly(),
});
export type LintFinding = z.infer<typeof finding>;

/** How often each club or event of a kind is to be refreshed, project ms; `cycle`: once from slot to slot. */
const promised = z.object({
  kind: z.enum(kindNames),
  within: z.union([z.number().positive(), z.literal('cycle')]),
});
export type Promised = Readonly<z.infer<typeof promised>>;

/** What a kind's slots come to on a busy day. */
const kindForecast = z.object({
  kind: z.enum(kindNames),
  things: z.number(),
  slotsADay: z.number(),
  callsADay: z.number(),
  /** Calls in the slot that has room for the fewest, and in the one that has room for the most. */
  fewest: z.number(),
  most: z.number(),
  /** How long a call for everything takes when every call of the budget is made for it, project ms. */
  passMs: z.number(),
  /** How often each thing is refreshed at the least, project ms; null: never. */
  oldestMs: z.number().nullable(),
  /** How often it was promised, project ms; null: it was not. */
  promisedMs: z.number().nullable(),
});
export type KindForecast = z.infer<typeof kindForecast>;

/** What a busy day of a budget comes to. */
const budgetForecast = z.object({
  budget: z.enum(budgetNames),
  policy,
  /** Calls that the limit allows. */
  allowed: z.number(),
  /** Calls that each kind needs to keep its promise; without one, to refresh everything in every slot. */
  wanted: z.partialRecord(z.enum(kindNames), z.number()),
  /** Calls that wait for no slot. */
  urgent: z.number(),
  /** Calls that there is room for, the urgent ones included; and as a share of `allowed`. */
  room: z.number(),
  used: z.number(),
});
export type BudgetForecast = z.infer<typeof budgetForecast>;

const forecast = z.object({
  kinds: z.array(kindForecast).readonly(),
  budgets: z.array(budgetForecast).readonly(),
});
export type Forecast = z.infer<typeof forecast>;

/** Findings and forecast of a schedule, and a repaired one that has no errors. */
export const scheduleCheck = z.object({
  settings: scheduleSettings,
  findings: z.array(finding).readonly(),
  forecast,
  repaired: scheduleSettings,
  /** What the repaired one keeps: not what was requested where no slots could keep that. */
  promises: z.array(promised).readonly(),
});
export type ScheduleCheck = z.infer<typeof scheduleCheck>;

/** Requests lint and forecast of the schedule in force with a change, for numbers of things and for promises. */
export const checkSchedule = z.object({
  change: scheduleChange,
  // What it does not know a scheduler leaves out: the API may be newer.
  things: z.object(mapValues(kinds, () => z.number().int().min(0))).partial(),
  promises: z.array(promised),
});
export type CheckSchedule = z.infer<typeof checkSchedule>;

export const changeSchedule = z.object({
  /** The version that is to be changed; null: whichever is in force. */
  version: z.number().int().nullable(),
  /** Null: what is configured is to be in force again. */
  change: scheduleChange.nullable(),
  /** Also when lint finds errors. */
  despiteErrors: z.boolean(),
});
export type ChangeSchedule = z.infer<typeof changeSchedule>;

export const scheduleReply = z.discriminatedUnion('answer', [
  z.object({ answer: z.literal('in_force'), schedule: scheduleInForce }),
  z.object({ answer: z.literal('changed_meanwhile'), version: z.number().int() }),
  z.object({ answer: z.literal('refused'), check: scheduleCheck }),
]);
export type ScheduleReply = z.infer<typeof scheduleReply>;
