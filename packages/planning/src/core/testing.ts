import { kinds, mapValues, type SyncKind, type Tier } from '@paceline/shared/definition';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import fc from 'fast-check';
import { firstDesign, kindsOf, type Plan, defaultGoals } from './plan.ts';
import type { KindSchedule } from './slots.ts';
import { windowsOf } from './windows.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** A Monday in a week without a clock change. */
export const monday = Date.UTC(2026, 4, 4);

const { zwiftracing } = loadUpstreams({});
const typicalMs = mapValues(zwiftracing.endpoints, (endpoint) => endpoint.typicalMs);
export const windowsFor = (tier: Tier): Plan['windows'] => windowsOf(zwiftracing, tier);

const upcoming = kinds.far.things as number;
const thingsOf = (some: Partial<Plan['things']>): Plan['things'] =>
  mapValues(kinds, (_, kind) => some[kind] ?? 0);
const things = thingsOf({ rider: 1, near: kinds.near.things as number, far: upcoming });
const eventsADay = upcoming / 2;

export const design = (timeZone = 'UTC'): Plan => ({
  schedules: firstDesign.schedules(timeZone),
  windows: windowsFor('standard'),
  typicalMs,
  things,
  eventsADay,
  goals: firstDesign.goals,
});

/** A plan with these slots (cron, minutes). Kinds that are not named open once a year for a minute. */
export function planOf(
  slots: Partial<Record<SyncKind, readonly [opens: string, minutes: number]>>,
  changed: Partial<Omit<Plan, 'things'>> & {
    readonly timeZone?: string;
    /** Default 0 for kinds that are not named. */
    readonly things?: Partial<Plan['things']>;
  } = {},
): Plan {
  const { timeZone = 'UTC', things: some = things, ...rest } = changed;
  const schedule = (kind: SyncKind): KindSchedule => {
    const [opens, minutes] = slots[kind] ?? ['0 0 1 1 *', 1];
    return { kind, opens, durationMs: minutes * minute, timeZone };
  };
  return {
    schedules: [schedule('rider'), schedule('near'), schedule('far')],
    windows: windowsFor('standard'),
    typicalMs,
    things: thingsOf(some),
    eventsADay: 0,
    goals: [],
    ...rest,
  };
}

/** The default schedule. */
export const shipped = (timeZone = 'UTC'): Plan => {
  const plan = planOf(
    { rider: ['0 */6 * * *', 10], near: ['10,25,40,55 * * * *', 10], far: ['5,20,35,50 * * * *', 4] },
    { timeZone, eventsADay },
  );
  return { ...plan, goals: defaultGoals.filter(({ kind }) => kindsOf(plan).includes(kind)) };
};

const numbers = (below: number, max: number) =>
  fc.uniqueArray(fc.nat(below - 1), { minLength: 1, maxLength: max }).map((list) => list.join(','));

/** Cron expressions: some minutes, every hour or some, every day or one weekday. */
export const crons = fc
  .tuple(
    numbers(60, 4),
    fc.oneof({ weight: 1, arbitrary: fc.constant('*') }, { weight: 2, arbitrary: numbers(24, 3) }),
    fc.oneof({ weight: 4, arbitrary: fc.constant('*') }, { weight: 1, arbitrary: fc.nat(6).map(String) }),
  )
  .map(([minutes, hours, weekday]) => `${minutes} ${hours} * * ${weekday}`);

/** Slot durations in minutes: mostly short, some longer than an hour. */
export const lengths = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 400 }));
