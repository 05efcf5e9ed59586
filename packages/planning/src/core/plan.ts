import {
  type BudgetName,
  budgetsOf,
  durationMs,
  eventKinds,
  type FreshnessClass,
  freshnessClasses,
  kindNames,
  kinds,
  mapValues,
  type SyncKind,
  type Tier,
} from '@paceline/shared/definition';
import type { KindGoal } from '@paceline/shared/contracts';
import type { SyncUpstream } from '@paceline/shared/upstreams';
import type { KindSchedule } from './slots.ts';
import { type EndpointWindows, windowsOf } from './windows.ts';

/** The kinds that share the signups budget. Urgent calls count towards the first; the second covers the next two days. */
export const [soonKind, laterKind = soonKind] = eventKinds;

/** A schedule, what it has to achieve, and the rate limits. */
export interface Plan {
  /** At most one for each kind. */
  readonly schedules: readonly KindSchedule[];
  readonly windows: EndpointWindows;
  /** How long a call of each endpoint takes, project ms. */
  readonly typicalMs: Readonly<Record<BudgetName, number>>;
  /** How many clubs or events each kind has to refresh on a busy day. A club counts as one page. */
  readonly things: Readonly<Record<SyncKind, number>>;
  /** Events that start in a day. Each gets one urgent call shortly before its start, in or outside a slot. */
  readonly eventsADay: number;
  readonly goals: readonly KindGoal[];
}

/** Goals from the default freshness goals; the shipped schedule keeps them for one club. */
export const defaultGoals: readonly KindGoal[] = goalsOf(
  mapValues(freshnessClasses, ({ goal }) => durationMs(goal)),
);

/** One goal for each kind that has a freshness goal. @param goals of the freshness classes, project ms */
export function goalsOf(goals: Readonly<Record<FreshnessClass, number>>): KindGoal[] {
  return kindNames.flatMap((kind) => {
    const { goal } = kinds[kind];
    return goal === undefined ? [] : [{ kind, within: goal === 'cycle' ? goal : goals[goal.class] }];
  });
}

export interface ScheduleDemand {
  readonly upstream: SyncUpstream;
  readonly tier: Tier;
  readonly clubs: number;
  /** Overrides how many clubs or events of a kind there are on a busy day; default: the kind's definition. */
  readonly things: Readonly<Partial<Record<SyncKind, number | undefined>>>;
  /** Replace the default goals of their kinds. */
  readonly goals: readonly KindGoal[];
}

/** A plan for the kinds that have schedules; goals for other kinds are ignored. */
export function planOf(
  schedules: readonly KindSchedule[],
  { upstream, tier, clubs, things: overrides, goals }: ScheduleDemand,
  defaults: readonly KindGoal[] = defaultGoals,
): Plan {
  // Plans for one club when none is configured: the sandbox has one.
  const things = mapValues(
    kinds,
    (kind, name) => overrides[name] ?? (kind.things === 'clubs' ? clubs || 1 : kind.things),
  );
  const isPlanned = (kind: SyncKind) => schedules.some((each) => each.kind === kind);
  return {
    schedules,
    windows: windowsOf(upstream, tier),
    typicalMs: mapValues(upstream.endpoints, ({ typicalMs }) => typicalMs),
    things,
    eventsADay: isPlanned(soonKind) ? things[laterKind] / 2 : 0,
    goals: [...defaults, ...goals].filter(
      ({ kind }, index, all) => isPlanned(kind) && all.findLastIndex((each) => each.kind === kind) === index,
    ),
  };
}

const minute = 60_000;

/** The slots and goals of the first design, which lint refuses. */
export const firstDesign = {
  schedules: (timeZone: string): KindSchedule[] => [
    { kind: 'rider', opens: '0 */6 * * *', durationMs: 10 * minute, timeZone },
    { kind: 'near', opens: '10,25,40,55 * * * *', durationMs: 12 * minute, timeZone },
    { kind: 'far', opens: '30 */2 * * *', durationMs: 25 * minute, timeZone },
  ],
  goals: [
    { kind: 'rider', within: 'cycle' },
    { kind: 'near', within: 'cycle' },
    { kind: 'far', within: 'cycle' },
  ] satisfies KindGoal[],
};

export const kindsOf = ({ schedules }: Pick<Plan, 'schedules'>): SyncKind[] =>
  kindNames.filter((each) => schedules.some(({ kind }) => kind === each));

/** The endpoints that both call. */
export function sharedBudgets(one: SyncKind, other: SyncKind): BudgetName[] {
  const otherBudgets = budgetsOf(other);
  return budgetsOf(one).filter((budget) => otherBudgets.includes(budget));
}
