import { budgetNames, type BudgetName, kinds, type SyncKind } from '@paceline/shared/definition';
import type { LintFinding } from '@paceline/shared/contracts';
import { humanDuration, rate } from '@paceline/shared/words';
import { type WallClock, wallClockIn } from './analysis.ts';
import { callsOf, freeInAll, type PlannedCall } from './calls.ts';
import { kindsOf, type Plan } from './plan.ts';
import type { Stretch } from './timetable.ts';
import { emptyWindow, type PlannedWindow, usableLimit } from './windows.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** Windows of more than an hour: spent early, they stop everything for long. */
const isLong = ({ windowMs }: PlannedWindow): boolean => windowMs > hour;

/** Long windows that the week's calls would spend before their end, if only the short ones slowed them down. */
export function spentWindows(plan: Plan, week: Stretch, wall: WallClock): LintFinding[] {
  const countIn = (endpoint: BudgetName, { budget }: PlannedWindow) =>
    plan.windows[endpoint].some((each) => each.budget === budget);
  const long = budgetNames.flatMap((endpoint) => plan.windows[endpoint].filter(isLong));
  return [...new Map(long.map((window) => [window.budget, window])).values()].flatMap((window) => {
    const calls = budgetNames
      .filter((endpoint) => countIn(endpoint, window))
      .flatMap((endpoint) => wantedCalls(plan, week, endpoint))
      .toSorted((a, b) => a.at - b.at);
    const times = calls.map(({ at }) => at);
    const spent = firstSpent(window, times);
    if (!spent) return [];
    const inside = calls.filter(({ at }) => at >= spent.from && at < spent.until);
    return [finding(window, spent, 'this schedule', [...new Set(inside.map(({ kind }) => kind))], wall)];
  });
}

/** Calls of a program other than the syncs, evenly over the day. */
export interface SteadyCalls {
  /** Of the endpoint. */
  readonly windows: readonly PlannedWindow[];
  readonly limit: number;
  readonly windowMs: number;
}

/** Long windows that calls of this rate would spend before their end. @param from a midnight (UTC), project ms */
export function spentBySteady({ windows, ...steady }: SteadyCalls, from: number): LintFinding[] {
  const interval = steady.windowMs / steady.limit;
  const short = windows.filter((window) => !isLong(window)).map(emptyWindow);
  const times: number[] = [];
  for (let at = from; at < from + 2 * day; at = Math.max(at, from + times.length * interval)) {
    at = freeInAll(short, at);
    for (const window of short) window.book(at, at);
    times.push(at);
  }
  return windows.filter(isLong).flatMap((window) => {
    const spent = firstSpent(window, times);
    return spent ? [finding(window, spent, rate(steady), [], wallClockIn('UTC'))] : [];
  });
}

/** The calls of an endpoint that runs would make: those for each thing, and the lists at the start of slots. */
function wantedCalls(
  plan: Plan,
  week: Stretch,
  endpoint: BudgetName,
): Array<Pick<PlannedCall, 'kind' | 'at'>> {
  const windows = plan.windows[endpoint].filter((window) => !isLong(window));
  const calls = callsOf({ ...plan, windows: { ...plan.windows, [endpoint]: windows } }, week, endpoint);
  const lists = kindsOf(plan)
    .filter((kind) => kinds[kind].list === endpoint)
    .flatMap((kind) => week.slots[kind].map(({ scheduledFor }) => ({ kind, at: scheduledFor })));
  return [...calls, ...lists];
}

interface Spent {
  /** When the window starts, its last usable call is made, and it ends; project ms. */
  readonly from: number;
  readonly at: number;
  readonly until: number;
  readonly wanted: number;
}

/** The first window with more calls than it has. @param times of calls, in order; project ms */
function firstSpent(window: PlannedWindow, times: readonly number[]): Spent | undefined {
  const { windowMs, resets } = window;
  const limit = usableLimit(window);
  for (const [index, at] of times.entries()) {
    const from = resets === 'aligned' ? Math.floor(at / windowMs) * windowMs : at;
    const until = from + windowMs;
    const isFirst = resets === 'sliding' || !((times[index - 1] ?? -Infinity) >= from);
    if (!isFirst || !((times[index + limit] ?? Infinity) < until)) continue;
    const wanted = times.findIndex((each) => each >= until);
    return {
      from,
      at: times[index + limit - 1] ?? at,
      until,
      wanted: (wanted === -1 ? times.length : wanted) - index,
    };
  }
  return undefined;
}

function finding(
  window: PlannedWindow,
  { from, at, until, wanted }: Spent,
  cause: string,
  kindNames: SyncKind[],
  wall: WallClock,
): LintFinding {
  const { label, limit, reserve, paced, windowMs } = window;
  const name = windowMs === day ? 'day' : `${humanDuration(windowMs)} window`;
  const rest = reserve > 0 ? `, but for ${spaced(reserve)} in reserve` : '';
  const outlook = paced
    ? 'They are paced: fewer calls are made all along, instead of none at the end.'
    : `No more calls are made until ${wall.time(until)}.`;
  return {
    rule: 'demand',
    severity: 'warning',
    kinds: kindNames,
    message: `At ${cause} the ${name}'s ${spaced(limit)} (${label}) are gone at ${wall.time(at)}${rest}: ${spaced(wanted)} calls are wanted. ${outlook}`,
    timeline: [
      { at: from, says: `the ${name} starts` },
      { at, says: `call ${spaced(usableLimit(window))}, the last one` },
      { at: until, says: `the next ${name} starts` },
    ],
  };
}

/** `1 000` */
const spaced = (number: number): string => number.toLocaleString('en').replaceAll(',', ' ');
