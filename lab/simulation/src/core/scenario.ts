import { tiers } from '@paceline/shared/definition';
import { between, draw, enforcements, policyOverrides } from '@paceline/sandbox';
import {
  ConfigError,
  duration,
  freshnessVariableNames,
  loadConfig,
  slotVariableNames,
} from '@paceline/shared/config';
import { z } from 'zod';

/** The variables that a scenario can set. */
const settings = [...slotVariableNames, ...freshnessVariableNames] as const;

const share = z.number().min(0).max(1);
const ms = z.number().min(0);
const minute = 60_000;
const moment = z.iso
  .datetime({ message: 'must be a moment such as "2026-11-02T00:00:00Z"' })
  .transform((text) => Date.parse(text));
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, 'must be a time of day such as "12:00:30"')
  .transform((text) => {
    const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
    return (hours * 60 + minutes) * minute + seconds * 1_000;
  });

/** A team, its upstream and what befalls both. Moments of the day are ms since midnight, UTC. */
export const scenario = z.strictObject({
  /** Another seed is another world, and other chance. */
  seed: z.int().default(1),
  from: moment.prefault('2026-11-02T00:00:00Z'),
  days: z.number().positive().max(366),
  /** How much of the beginning freshness leaves out: there are no copies yet. */
  warmUp: duration.prefault('0s'),
  /** How many times faster than the machine project time runs: its network and its time-outs count so much more. */
  scale: z.number().min(1).default(1),
  tier: z.enum(tiers).default('standard'),
  clubs: z
    .array(z.strictObject({ riders: z.int().positive().max(20_000) }))
    .min(1)
    .max(50),
  manualAdds: z
    .strictObject({
      /** Known ones: what a real system was asked for. */
      moments: z.array(moment).default([]),
      /** Spread over the day by chance, beside the others. */
      perDay: z.int().min(0).default(0),
      from: timeOfDay.prefault('07:00'),
      until: timeOfDay.prefault('23:00'),
      /** Every day, `count` within that time. */
      bursts: z
        .array(z.strictObject({ at: timeOfDay, count: z.int().positive().max(1_000), within: duration }))
        .default([]),
    })
    .prefault({}),
  upstream: z
    .strictObject({
      enforcement: z.enum(enforcements).default('first-hit'),
      /** What is really enforced, where it is not what is documented. */
      policies: policyOverrides.prefault({}),
    })
    .prefault({}),
  /** Real ms: up to so long a message takes, evenly drawn; now and then one takes longer. */
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
      /** Shares of the calls let in that are answered 503, and that are never answered. */
      serverErrors: share.default(0),
      hangs: share.default(0),
      /** The limiter is killed so long after the beginning, and is back after so long. */
      limiterDown: z.array(z.strictObject({ after: duration, for: duration })).default([]),
    })
    .prefault({}),
  /** What is configured otherwise than shipped, as `.env` says it: `SLOT_NEAR`, `FRESHNESS_FAR`, … */
  settings: z.partialRecord(z.enum(settings), z.string()).default({}),
});
export type Scenario = z.output<typeof scenario>;

/** A scenario can't be used; `problems` names each field with what is wrong with it. */
export class WrongScenario extends Error {
  override name = 'WrongScenario';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The scenario has ${problems.length} problem(s):\n${problems.map((each) => `  - ${each}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/** @throws {WrongScenario} with all problems at once */
export function readScenario(json: unknown): Scenario {
  const read = scenario.safeParse(json);
  const problems = read.success
    ? []
    : read.error.issues.map(({ path, message }) => `${path.join('.') || 'it'} ${message}`);
  const given = z.object({ settings: z.record(z.string(), z.string()) }).safeParse(json).data?.settings;
  problems.push(...problemsOf(given ?? {}));
  if (!read.success || problems.length > 0) throw new WrongScenario(problems);
  return read.data;
}

/** What is configured in a scenario. */
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

/** A person asks for a rider. */
export interface Click {
  readonly riderId: number;
  readonly at: number;
}

const day = 86_400_000;
/** From here on riders are in no club. */
const firstStranger = 4_000_000;

/** Everybody who wants to see a rider, in order: the same for every strategy. Each wants another one. */
export function clicksOf({ seed, from, days, manualAdds }: Scenario): Click[] {
  const moments = Array.from({ length: Math.ceil(days) }, (_, index) => {
    const midnight = from - (from % day) + index * day;
    const single = Array.from({ length: manualAdds.perDay }, (_each, nth) =>
      between(draw(seed, 'click', index, nth), manualAdds.from, manualAdds.until),
    );
    const bursts = manualAdds.bursts.flatMap(({ at, count, within }, burst) =>
      Array.from({ length: count }, (_each, nth) => at + draw(seed, 'burst', index, burst, nth) * within),
    );
    return [...single, ...bursts].map((ofDay) => Math.floor(midnight + ofDay));
  });
  return [...manualAdds.moments, ...moments.flat()]
    .filter((at) => at >= from && at < from + days * day)
    .toSorted((a, b) => a - b)
    .map((at, index) => ({ at, riderId: firstStranger + index }));
}
