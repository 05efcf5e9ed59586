import { z } from '@hono/zod-openapi';
import { kindNames, kinds, mapValues } from '@paceline/shared/definition';
import { formatDuration } from '@paceline/shared/config';
import {
  type ScheduleCheck,
  type ScheduleInForce,
  type ScheduleSettings,
  syncModes,
} from '@paceline/shared/contracts';
import { iso, isoOrNull, time } from '../http/view.ts';

const kind = z.enum(kindNames);
/** An object, because a record would not list the kinds as required in OpenAPI. */
const perKind = <S extends z.ZodType>(shape: S) => z.object(mapValues(kinds, () => shape));

const settingsShape = z.object({
  timeZone: z.string(),
  kinds: perKind(
    z.object({
      mode: z.enum(syncModes),
      opens: z.string().describe('Cron expression with five fields, or an interval such as "every 15m"'),
      duration: z.string().describe('How long a slot stays open, e.g. 10m'),
      skip: z.string().describe('Slots to skip, e.g. 06:00, 23:00-05:00, sat, 2026-12-24'),
      catchUp: z
        .string()
        .describe('What to do with missed slots: skip, latest, or all within a time such as "all 2h"'),
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
  version: z.int().describe('The version in the ETag'),
  from: z
    .enum(['configured', 'changed'])
    .describe('configured: from the variables; changed: over the API since then'),
  since: time.nullable().describe('null: since the first start'),
  pausedUntil: perKind(time.nullable()).describe('Until then a kind opens no slots; null: it is not paused'),
});

export const scheduleChangedView = (
  schedule: Omit<ScheduleInForce, 'next'>,
): z.infer<typeof scheduleChangedShape> => ({
  version: schedule.version,
  ...settingsView(schedule.settings),
  from: schedule.changed ? 'changed' : 'configured',
  since: schedule.since > 0 ? iso(schedule.since) : null,
  pausedUntil: mapValues(kinds, (_, each) => isoOrNull(schedule.pausedUntil?.[each] ?? null)),
});

export const scheduleShape = scheduleChangedShape
  .extend({
    nextSlots: perKind(z.array(z.object({ slotId: z.string(), opensAt: time, closesAt: time }))).describe(
      'The next slots of each kind; empty if the kind is off',
    ),
    problem: z
      .string()
      .nullable()
      .describe(
        'Why the stored schedule cannot be read; this is the last readable one then. null: it can be read',
      ),
  })
  .openapi('Schedule');
export type ScheduleView = z.infer<typeof scheduleShape>;

export const scheduleView = (schedule: ScheduleInForce): ScheduleView => ({
  ...scheduleChangedView(schedule),
  nextSlots: mapValues(kinds, (_, each) =>
    schedule.next[each].map(({ slotId, opensAt, endsAt }) => ({
      slotId,
      opensAt: iso(opensAt),
      closesAt: iso(endsAt),
    })),
  ),
  problem: schedule.problem ?? null,
});

export const forecastShape = z
  .object({
    kinds: z.array(
      z.object({
        kind,
        targets: z.number().describe('Clubs or events to refresh'),
        slotsADay: z.number(),
        callsADay: z.number().describe('Calls per day that fit into its slots'),
        fewestCalls: z.number().describe('Fewest calls that fit into a slot'),
        mostCalls: z.number().describe('Most calls that fit into a slot'),
        passSeconds: z
          .number()
          .describe(
            'Time to refresh each club or event once, if this kind gets every call that is not reserved',
          ),
        oldestSeconds: z.number().nullable().describe('Max time between refreshes; null: never refreshed'),
        goalSeconds: z
          .number()
          .nullable()
          .describe('The freshness goal: max time between refreshes; null: none'),
      }),
    ),
    budgets: z.array(
      z.object({
        budget: z.string(),
        policy: z.object({ limit: z.int(), windowSeconds: z.number() }),
        allowed: z.number().describe('Calls per day that the rate limit allows'),
        wanted: z.partialRecord(kind, z.number()).describe('Calls per day that each kind needs'),
        urgent: z.number().describe('Urgent calls per day, which do not wait for a slot'),
        room: z.number().describe('Calls per day that fit'),
        used: z.number().describe('`room` divided by `allowed`, 0 to 1'),
      }),
    ),
  })
  .openapi('Forecast');

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1_000);

export const forecastView = (forecast: ScheduleCheck['forecast']): z.infer<typeof forecastShape> => ({
  kinds: forecast.kinds.map(({ things, fewest, most, passMs, oldestMs, goalMs, ...rest }) => ({
    ...rest,
    targets: things,
    fewestCalls: fewest,
    mostCalls: most,
    passSeconds: passMs / 1_000,
    oldestSeconds: seconds(oldestMs),
    goalSeconds: seconds(goalMs),
  })),
  budgets: forecast.budgets.map(({ policy: { limit, windowMs }, ...rest }) => ({
    ...rest,
    policy: { limit, windowSeconds: windowMs / 1_000 },
  })),
});

const findingShape = z.object({
  rule: z.enum(['collision', 'overrun', 'demand', 'goal']),
  severity: z.enum(['error', 'warning']),
  kinds: z.array(kind),
  message: z.string(),
  timeline: z.array(z.object({ at: time, text: z.string() })).describe('Example timeline'),
});

export const scheduleCheckShape = z
  .object({
    findings: z.array(findingShape).describe('Errors first'),
    forecast: z.object(forecastShape.shape),
    settings: settingsShape.describe('The checked schedule'),
    repaired: settingsShape.describe('A schedule without errors that meets the goals in `goals`'),
    goals: z
      .partialRecord(kind, z.string())
      .describe(
        'The max time between refreshes: `cycle`, or a duration. Differs from the request where no slots could keep it',
      ),
  })
  .openapi('ScheduleCheck');
export type ScheduleCheckView = z.infer<typeof scheduleCheckShape>;

export const scheduleCheckView = (check: ScheduleCheck): ScheduleCheckView => ({
  findings: check.findings.map((finding) => ({
    ...finding,
    kinds: [...finding.kinds],
    timeline: finding.timeline.map(({ at, says: text }) => ({ at: iso(at), text })),
  })),
  forecast: forecastView(check.forecast),
  settings: settingsView(check.settings),
  repaired: settingsView(check.repaired),
  goals: Object.fromEntries(
    check.goals.map(({ kind: each, within }) => [each, within === 'cycle' ? within : formatDuration(within)]),
  ),
});
