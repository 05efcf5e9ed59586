import { z } from '@hono/zod-openapi';
import { budgetNames, kindNames, kinds, mapValues } from '@paceline/shared/definition';
import { formatDuration } from '@paceline/shared/config';
import {
  type ScheduleCheck,
  type ScheduleInForce,
  type ScheduleSettings,
  syncModes,
} from '@paceline/shared/contracts';
import { iso, isoTimes, time } from '../http/view.ts';

const kind = z.enum(kindNames);
/** Unlike a record, an object says in OpenAPI that each kind is there. */
const ofEachKind = <S extends z.ZodType>(shape: S) => z.object(mapValues(kinds, () => shape));

const settingsShape = z.object({
  timeZone: z.string(),
  kinds: ofEachKind(
    z.object({
      mode: z.enum(syncModes),
      opens: z.string().describe('A cron expression of five fields, or an interval: every 15m'),
      duration: z.string().describe('How long a slot stays open: 10m'),
      skip: z.string().describe('Slots that are left out: 06:00, 23:00-05:00, sat, 2026-12-24'),
      catchUp: z.string().describe('What becomes of missed slots: skip, latest, or all 2h'),
    }),
  ),
});
export type SettingsView = z.infer<typeof settingsShape>;

const settingsView = ({ timeZone, kinds: slots }: ScheduleSettings): SettingsView => ({
  timeZone,
  kinds: mapValues(slots, ({ durationMs, ...settings }) => ({
    ...settings,
    duration: formatDuration(durationMs),
  })),
});

export const scheduleChangedShape = settingsShape.extend({
  version: z.int().describe('What the ETag says'),
  from: z.enum(['configured', 'changed']).describe('By the variables, or by somebody since'),
  since: time.nullable().describe('null: from the very beginning'),
});

export const scheduleChangedView = (
  schedule: Omit<ScheduleInForce, 'next'>,
): z.infer<typeof scheduleChangedShape> => ({
  version: schedule.version,
  ...settingsView(schedule.settings),
  from: schedule.changed ? 'changed' : 'configured',
  since: schedule.since > 0 ? iso(schedule.since) : null,
});

export const scheduleShape = scheduleChangedShape
  .extend({
    next: ofEachKind(z.array(z.object({ id: z.string(), opensAt: time, endsAt: time }))).describe(
      'The slots that open next; none of a kind that is off',
    ),
  })
  .openapi('Schedule');
export type ScheduleView = z.infer<typeof scheduleShape>;

export const scheduleView = (schedule: ScheduleInForce): ScheduleView => ({
  ...scheduleChangedView(schedule),
  next: mapValues(kinds, (_, each) =>
    schedule.next[each].map((slot) => ({ id: slot.slotId, ...isoTimes(slot, 'opensAt', 'endsAt') })),
  ),
});

export const forecastShape = z
  .object({
    kinds: z.array(
      z.object({
        kind,
        things: z.number().describe('Clubs or events to refresh'),
        slotsADay: z.number(),
        callsADay: z.number().describe('That its slots have room for'),
        fewestCalls: z.number().describe('In the slot that has room for the fewest'),
        mostCalls: z.number(),
        passSeconds: z.number().describe('How long one call for each takes when every call is made for it'),
        oldestSeconds: z
          .number()
          .nullable()
          .describe('How often each is refreshed at the least; null: never'),
        promisedSeconds: z.number().nullable(),
      }),
    ),
    budgets: z.array(
      z.object({
        budget: z.enum(budgetNames),
        policy: z.object({ limit: z.int(), windowSeconds: z.number() }),
        allowed: z.number().describe('Calls a day that the limit allows'),
        wanted: z.partialRecord(kind, z.number()).describe('Calls a day that each kind would like'),
        urgent: z.number().describe('Calls a day that wait for no slot'),
        room: z.number().describe('Calls a day that there is room for'),
        used: z.number().describe('`room` of `allowed`, 0 to 1'),
      }),
    ),
  })
  .openapi('Forecast');

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1_000);

export const forecastView = (forecast: ScheduleCheck['forecast']): z.infer<typeof forecastShape> => ({
  kinds: forecast.kinds.map(({ fewest, most, passMs, oldestMs, promisedMs, ...rest }) => ({
    ...rest,
    fewestCalls: fewest,
    mostCalls: most,
    passSeconds: passMs / 1_000,
    oldestSeconds: seconds(oldestMs),
    promisedSeconds: seconds(promisedMs),
  })),
  budgets: forecast.budgets.map(({ policy: { limit, windowMs }, ...rest }) => ({
    ...rest,
    policy: { limit, windowSeconds: windowMs / 1_000 },
  })),
});

const findingShape = z.object({
  rule: z.enum(['collision', 'overrun', 'demand', 'promise']),
  severity: z.enum(['error', 'warning']),
  kinds: z.array(kind),
  message: z.string(),
  timeline: z.array(z.object({ at: time, says: z.string() })).describe('An example'),
});

export const judgedShape = z
  .object({
    findings: z.array(findingShape).describe('Errors first'),
    forecast: z.object(forecastShape.shape),
    settings: settingsShape.describe('The schedule that was judged'),
    repaired: settingsShape.describe('How it would pass, with these promises'),
    promises: z
      .partialRecord(kind, z.string())
      .describe('Other than was asked where no slots could keep that: `cycle`, or a duration'),
  })
  .openapi('JudgedSchedule');
export type JudgedView = z.infer<typeof judgedShape>;

export const judgedView = (judged: ScheduleCheck): JudgedView => ({
  findings: judged.findings.map((finding) => ({
    ...finding,
    kinds: [...finding.kinds],
    timeline: finding.timeline.map(({ at, says }) => ({ at: iso(at), says })),
  })),
  forecast: forecastView(judged.forecast),
  settings: settingsView(judged.settings),
  repaired: settingsView(judged.repaired),
  promises: Object.fromEntries(
    judged.promises.map(({ kind: each, within }) => [
      each,
      within === 'cycle' ? within : formatDuration(within),
    ]),
  ),
});
