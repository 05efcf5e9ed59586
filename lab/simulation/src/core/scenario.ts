import { tiers } from '@paceline/shared/definition';
import { between, draw, enforcements, policyOverrides } from '@paceline/sandbox';
import {
  callPlanVariableNames,
  ConfigError,
  duration,
  loadConfig,
  slotVariableNames,
} from '@paceline/shared/config';
import type { SyncUpstream } from '@paceline/shared/upstreams';
import { count } from '@paceline/shared/words';
import { z } from 'zod';

/** The variables that a scenario can set. */
const settings = [...slotVariableNames, ...callPlanVariableNames] as const;

const share = z.number().min(0).max(1);
const ms = z.number().min(0);
const minute = 60_000;
const timestamp = z.iso
  .datetime({ message: 'must be a time such as "2026-11-02T00:00:00Z"' })
  .transform((text) => Date.parse(text));
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, 'must be a time of day such as "12:00:30"')
  .transform((text) => {
    const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
    return (hours * 60 + minutes) * minute + seconds * 1_000;
  });

/** What upstream does to accepted calls. */
const callFaults = {
  /** Shares that get a 503 or no response. */
  serverErrors: share.default(0),
  hangs: share.default(0),
};

/** A team, its upstream, jitter and faults. Times of day are ms since midnight UTC. */
export const scenario = z.strictObject({
  /** Determines the sandbox's data and all random draws. */
  seed: z.int().default(1),
  from: timestamp.prefault('2026-11-02T00:00:00Z'),
  days: z.number().positive().max(366),
  /** Time at the start that freshness excludes, because there are no copies yet. */
  warmUp: duration.prefault('0s'),
  /** Speed of project time relative to real time; network latency and timeouts grow by this factor. */
  scale: z.number().min(1).default(1),
  tier: z.enum(tiers).default('standard'),
  clubs: z
    .array(z.strictObject({ riders: z.int().positive().max(20_000) }))
    .min(1)
    .max(50),
  manualAdds: z
    .strictObject({
      /** At fixed times, e.g. those of a real system. */
      times: z.array(timestamp).default([]),
      /** At random times between `from` and `until`. */
      perDay: z.int().min(0).default(0),
      from: timeOfDay.prefault('07:00'),
      until: timeOfDay.prefault('23:00'),
      /** Every day `count` adds within a duration. */
      bursts: z
        .array(z.strictObject({ at: timeOfDay, count: z.int().positive().max(1_000), within: duration }))
        .default([]),
    })
    .prefault({}),
  /** Riders outside the clubs, imported with one command `after` the start. */
  imports: z
    .array(z.strictObject({ after: duration, riders: z.int().positive().max(10_000) }))
    .max(100)
    .default([]),
  upstream: z
    .strictObject({
      enforcement: z.enum(enforcements).default('first-hit'),
      /** Enforced policies that differ from the documented ones. */
      policies: policyOverrides.prefault({}),
    })
    .prefault({}),
  /** Maximum latency per message, real ms, uniformly drawn; `outliers`: share that takes up to `outlierMs` more. */
  jitter: z
    .strictObject({
      brokerMs: ms.default(2),
      upstreamMs: ms.default(0),
      outliers: share.default(0),
      outlierMs: ms.default(2_000),
    })
    .prefault({}),
  faults: z
    .strictObject({
      ...callFaults,
      /** Every day from `from` to `until`, instead of the shares above. */
      daily: z
        .array(
          z
            .strictObject({
              from: timeOfDay,
              until: timeOfDay,
              ...callFaults,
              /** How upstream counts meanwhile. */
              enforcement: z.enum(enforcements).optional(),
              /** How often upstream's limiter meanwhile forgets the calls that it has counted. */
              forgetsEvery: duration.optional(),
            })
            .refine(({ from, until }) => from < until, 'must end later than it starts, on the same day'),
        )
        .default([]),
      /** The limiter is killed `after` the start and restarted `for` later; the broker loses the last `loses` of its journal. */
      limiterDown: z
        .array(z.strictObject({ after: duration, for: duration, loses: duration.prefault('0s') }))
        .default([]),
    })
    .prefault({}),
  /** Variables that differ from the defaults, as in `.env`: `SLOT_NEAR`, `FRESHNESS_FAR`, … */
  settings: z.partialRecord(z.enum(settings), z.string()).default({}),
});
export type Scenario = z.output<typeof scenario> & {
  /** What the file of the upstream says. */
  readonly definition: SyncUpstream;
};

/** Invalid scenario; `problems` names each field and its error. */
export class WrongScenario extends Error {
  override name = 'WrongScenario';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `Invalid scenario, ${count(problems.length, 'problem')}:\n${problems.map((each) => `  - ${each}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/** @throws {WrongScenario} with all problems at once */
export function readScenario(json: unknown, definition: SyncUpstream): Scenario {
  const read = scenario.safeParse(json);
  const problems = read.success
    ? []
    : read.error.issues.map(({ path, message }) => `${path.join('.') || 'scenario'} ${message}`);
  const given = z.object({ settings: z.record(z.string(), z.string()) }).safeParse(json).data?.settings;
  problems.push(...problemsOf(given ?? {}));
  if (!read.success || problems.length > 0) throw new WrongScenario(problems);
  return { ...read.data, definition };
}

export const configOf = ({ settings: given }: Scenario) => loadConfig(given, settings);

function problemsOf(given: Record<string, string>): string[] {
  try {
    loadConfig(given, settings);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => `settings.${problem}`);
  }
}

/** A user adds a rider. */
export interface Click {
  readonly riderId: number;
  readonly at: number;
}

const day = 86_400_000;
/** Midnight UTC of the first day and of each one after it. */
export const midnightsOf = ({ from, days }: Scenario): number[] =>
  Array.from({ length: Math.ceil(days) + 1 }, (_, index) => from - (from % day) + index * day);

/** Riders from these ids are in no club. */
const firstAdded = 4_000_000;
const firstImported = 5_000_000;

/** All adds in order of time, each of another rider; the same for every strategy. */
export function clicksOf(scenario: Scenario): Click[] {
  const { seed, from, days, manualAdds } = scenario;
  const daily = midnightsOf(scenario).map((midnight, index) => {
    const single = Array.from({ length: manualAdds.perDay }, (_each, nth) =>
      between(draw(seed, 'click', index, nth), manualAdds.from, manualAdds.until),
    );
    const bursts = manualAdds.bursts.flatMap(({ at, count: adds, within }, burst) =>
      Array.from({ length: adds }, (_each, nth) => at + draw(seed, 'burst', index, burst, nth) * within),
    );
    return [...single, ...bursts].map((timeOfDayMs) => Math.floor(midnight + timeOfDayMs));
  });
  return [...manualAdds.times, ...daily.flat()]
    .filter((at) => at >= from && at < from + days * day)
    .toSorted((a, b) => a - b)
    .map((at, index) => ({ at, riderId: firstAdded + index }));
}

/** A user imports riders. */
export interface ImportRequest {
  readonly commandId: string;
  readonly riderIds: readonly number[];
  readonly at: number;
}

/** All imports, each of other riders; the same for every strategy. */
export function importsOf({ from, days, imports }: Scenario): ImportRequest[] {
  let next = firstImported;
  return imports
    .map(({ after, riders }, index) => {
      const riderIds = Array.from({ length: riders }, (_, nth) => next + nth);
      next += riders;
      return { commandId: `import ${index + 1}`, riderIds, at: from + after };
    })
    .filter(({ at }) => at < from + days * day);
}
