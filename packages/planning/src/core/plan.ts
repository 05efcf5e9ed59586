import {
  type Budget,
  budgetsOf,
  durationMs,
  eventKinds,
  type FreshnessClass,
  freshnessClasses,
  kindNames,
  kinds,
  limitsOf,
  mapValues,
  type SyncKind,
  type Tier,
} from '@paceline/shared/definition';
import type { Policy, Promised } from '@paceline/shared/contracts';
import type { Schedule } from './slots.ts';

/** The kinds that fetch signups; they take turns. Urgent calls belong to the first, events of two days to the second. */
export const [soonKind, laterKind = soonKind] = eventKinds;

/** A schedule with what is asked of it, and what upstream allows. */
export interface Plan {
  /** At most one for each kind. */
  readonly schedules: readonly Schedule[];
  readonly policies: Readonly<Record<Budget, Policy>>;
  /** How many things of each kind there are on a busy day; a club is one page. */
  readonly things: Readonly<Record<SyncKind, number>>;
  /** Events that start in a day: each gets a call in its last minutes, in or out of a slot, before all others. */
  readonly eventsADay: number;
  readonly promises: readonly Promised[];
}

/** What the schedule that is shipped keeps with one club, by the defaults of the freshness goals. */
export const shippedPromises: readonly Promised[] = promisesOf(
  mapValues(freshnessClasses, ({ goal }) => durationMs(goal)),
);

/** What is asked of each kind that has a goal, with these goals of the freshness classes (project ms). */
export function promisesOf(goals: Readonly<Record<FreshnessClass, number>>): Promised[] {
  return kindNames.flatMap((kind) => {
    const { goal } = kinds[kind];
    return goal === undefined ? [] : [{ kind, within: goal === 'cycle' ? goal : goals[goal.class] }];
  });
}

export interface ScheduleDemand {
  readonly tier: Tier;
  readonly clubs: number;
  /** How many things of a kind there are on a busy day; default that of its definition. */
  readonly things: Readonly<Partial<Record<SyncKind, number | undefined>>>;
  /** Instead of the usual ones of their kinds. */
  readonly promises: readonly Promised[];
}

/** A plan of the kinds that have schedules; what is promised of others counts for nothing. */
export function planOf(
  schedules: readonly Schedule[],
  { tier, clubs, things: asked, promises }: ScheduleDemand,
  usual: readonly Promised[] = shippedPromises,
): Plan {
  // Without a club there is nothing to plan for; the sandbox has one.
  const things = mapValues(
    kinds,
    (kind, name) => asked[name] ?? (kind.things === 'clubs' ? clubs || 1 : kind.things),
  );
  const planned = (kind: SyncKind) => schedules.some((each) => each.kind === kind);
  return {
    schedules,
    policies: limitsOf(tier),
    things,
    eventsADay: planned(soonKind) ? things[laterKind] / 2 : 0,
    promises: [...usual, ...promises].filter(
      ({ kind }, index, all) => planned(kind) && all.findLastIndex((each) => each.kind === kind) === index,
    ),
  };
}

const minute = 60_000;

/** The first design's figures: what it wanted, and the slots that were to bring it. */
export const designed = {
  schedules: (timeZone: string): Schedule[] => [
    { kind: 'rider', opens: '0 */6 * * *', durationMs: 10 * minute, timeZone },
    { kind: 'near', opens: '10,25,40,55 * * * *', durationMs: 12 * minute, timeZone },
    { kind: 'far', opens: '30 */2 * * *', durationMs: 25 * minute, timeZone },
  ],
  promises: [
    { kind: 'rider', within: 'cycle' },
    { kind: 'near', within: 'cycle' },
    { kind: 'far', within: 'cycle' },
  ] satisfies Promised[],
};

export const kindsOf = ({ schedules }: Pick<Plan, 'schedules'>): SyncKind[] =>
  kindNames.filter((each) => schedules.some(({ kind }) => kind === each));

export function sharedBudgets(one: SyncKind, other: SyncKind): Budget[] {
  const theirs = budgetsOf(other);
  return budgetsOf(one).filter((budget) => theirs.includes(budget));
}
