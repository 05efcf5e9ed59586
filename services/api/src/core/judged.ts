import { budgetNames, kindNames } from '@paceline/shared/definition';
import { formatDuration } from '@paceline/shared/config';
import { type JudgedSchedule } from '@paceline/shared/contracts';
import { z } from 'zod';
import { settingsShape, settingsView } from './schedule.ts';
import { iso } from './times.ts';

const kind = z.enum(kindNames);

/** Something that a schedule can't do, or that whoever runs it should know. */
const findingShape = z.object({
  rule: z.enum(['collision', 'overrun', 'demand', 'promise']),
  severity: z.enum(['error', 'warning']),
  kinds: z.array(kind),
  message: z.string(),
  timeline: z.array(z.object({ at: z.iso.datetime(), says: z.string() })).describe('An example'),
});

/** What a busy day comes to. */
export const forecastShape = z.object({
  kinds: z.array(
    z.object({
      kind,
      things: z.number().describe('Clubs or events to refresh'),
      slotsADay: z.number(),
      callsADay: z.number().describe('That its slots have room for'),
      fewestCalls: z.number().describe('In the slot that has room for the fewest'),
      mostCalls: z.number(),
      passSeconds: z.number().describe('How long one call for each takes when every call is made for it'),
      oldestSeconds: z.number().nullable().describe('How often each is refreshed at the least; null: never'),
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
});

export const judgedShape = z.object({
  findings: z.array(findingShape).describe('Errors first'),
  forecast: forecastShape,
  settings: settingsShape.describe('The schedule that was judged'),
  repaired: settingsShape.describe('How it would pass, with these promises'),
  promises: z
    .partialRecord(kind, z.string())
    .describe('Other than was asked where no slots could keep that: `cycle`, or a duration'),
});
export type JudgedView = z.infer<typeof judgedShape>;

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1_000);

export const forecastView = ({
  kinds,
  budgets: each,
}: JudgedSchedule['forecast']): JudgedView['forecast'] => ({
  kinds: kinds.map(({ fewest, most, passMs, oldestMs, promisedMs, ...rest }) => ({
    ...rest,
    fewestCalls: fewest,
    mostCalls: most,
    passSeconds: passMs / 1_000,
    oldestSeconds: seconds(oldestMs),
    promisedSeconds: seconds(promisedMs),
  })),
  budgets: each.map(({ policy: { limit, windowMs }, ...rest }) => ({
    ...rest,
    policy: { limit, windowSeconds: windowMs / 1_000 },
  })),
});

export const judgedView = ({
  findings,
  forecast,
  settings,
  repaired,
  promises,
}: JudgedSchedule): JudgedView => ({
  findings: findings.map(({ kinds, timeline, ...finding }) => ({
    ...finding,
    kinds: [...kinds],
    timeline: timeline.map(({ at, says }) => ({ at: iso(at), says })),
  })),
  forecast: forecastView(forecast),
  settings: settingsView(settings),
  repaired: settingsView(repaired),
  promises: Object.fromEntries(
    promises.map(({ kind: each, within }) => [each, within === 'cycle' ? within : formatDuration(within)]),
  ),
});
