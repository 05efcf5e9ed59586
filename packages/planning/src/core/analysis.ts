import { type BudgetName, kinds, type SyncKind } from '@paceline/shared/definition';
import type { KindForecast, KindGoal, Slot } from '@paceline/shared/contracts';
import { type PlannedCall, callsOf } from './calls.ts';
import { type Plan, soonKind } from './plan.ts';
import { spacingOf, type SlotFinder, type Stretch, type Timetable, timetableOf } from './timetable.ts';
import { timeFor } from './windows.ts';

/** A plan with the calls that its slots allow. The first stretch is the week. */
export type PlanAnalysis = ReturnType<typeof analyze>;

/** @param findSlots a memoized finder when several plans are analyzed */
export function analyze(plan: Plan, from: number, findSlots?: SlotFinder) {
  const stretches = timetableOf(plan, from, findSlots);
  const calls = callsByKind(plan, stretches);
  return {
    plan,
    stretches,
    callsByKind: calls,
    goalCallsByKind: goalCallsByKind(plan, stretches, calls),
    wall: wallClockIn(plan.schedules[0]?.timeZone ?? 'UTC'),
  };
}

/** The time between two refreshes of one club or event. */
export interface Gap {
  /** Which club or event, numbered from 1. */
  readonly thing: number;
  readonly from: number;
  readonly until: number;
  /** False when the stretch cuts it off: the real gap is at least this long. */
  readonly isComplete: boolean;
}

/** The gaps when all things are refreshed in turn: no other order has a shorter longest gap. */
export function gapsOf(calls: readonly PlannedCall[], things: number, { from, until }: Stretch): Gap[] {
  const between = calls.map(({ at }, index): Gap => {
    const before = calls[index - things];
    return {
      thing: (index % things) + 1,
      from: before?.at ?? from,
      until: at,
      isComplete: before !== undefined,
    };
  });
  const last = calls.slice(-things).map(({ at }, index): Gap => {
    const callIndex = Math.max(0, calls.length - things) + index;
    return { thing: (callIndex % things) + 1, from: at, until, isComplete: false };
  });
  const never = calls.length < things ? [{ thing: things, from, until, isComplete: false }] : [];
  return [...between, ...last, ...never];
}

/** The calls that a kind makes in a stretch. */
export interface StretchCalls {
  readonly stretch: Stretch;
  readonly calls: readonly PlannedCall[];
}

/** The calls of a kind, one entry per stretch. */
export function callsByKind(plan: Plan, stretches: readonly Stretch[]): (kind: SyncKind) => StretchCalls[] {
  const known = new Map<BudgetName, StretchCalls[]>();
  const ofBudget = (budget: BudgetName): StretchCalls[] => {
    const callsPerStretch =
      known.get(budget) ?? stretches.map((stretch) => ({ stretch, calls: callsOf(plan, stretch, budget) }));
    known.set(budget, callsPerStretch);
    return callsPerStretch;
  };
  return (kind) =>
    ofBudget(kinds[kind].budget).map(({ stretch, calls }) => ({
      stretch,
      calls: calls.filter((call) => call.kind === kind),
    }));
}

/** Like `callsByKind`, but the soon kind without its urgent calls, which refresh the same events. */
export function goalCallsByKind(
  plan: Plan,
  stretches: readonly Stretch[],
  all = callsByKind(plan, stretches),
): (kind: SyncKind) => StretchCalls[] {
  const withoutUrgent = callsByKind({ ...plan, eventsADay: 0 }, stretches);
  return (kind) => (kind === soonKind ? withoutUrgent(kind) : all(kind));
}

/** Age of the oldest copy, project ms; Infinity without slots. Extrapolates a pass longer than the first stretch. */
export function oldestAge(callsPerStretch: readonly StretchCalls[], things: number): number {
  const [first] = callsPerStretch;
  if (!first || things === 0) return 0;
  const { from, until } = first.stretch;
  const gaps = callsPerStretch.flatMap(({ stretch, calls }) => gapsOf(calls, things, stretch));
  const longest = gaps.reduce((most, gap) => Math.max(most, gap.until - gap.from), 0);
  return first.calls.length < things
    ? Math.max(longest, ((until - from) * things) / first.calls.length)
    : longest;
}

export const goalMs = ({ kind, within }: KindGoal, stretches: Timetable): number =>
  within === 'cycle' ? spacingOf(stretches, kind).longest : within;

const day = 86_400_000;

/** How many calls the slots of a kind allow; slots that opened before the stretch don't count. */
export function slotCapacity(
  kind: SyncKind,
  { stretch, calls }: StretchCalls,
): Pick<KindForecast, 'slotsADay' | 'callsADay' | 'fewest' | 'most'> {
  const { from, until } = stretch;
  const slots = stretch.slots[kind].filter(({ scheduledFor }) => scheduledFor >= from);
  const bySlot = Map.groupBy(calls, ({ slotId }) => slotId);
  const callCounts = slots.map(({ slotId }) => bySlot.get(slotId)?.length ?? 0);
  const days = (until - from) / day;
  return {
    slotsADay: slots.length / days,
    callsADay: callCounts.reduce((sum, calls) => sum + calls, 0) / days,
    fewest: callCounts.length > 0 ? Math.min(...callCounts) : 0,
    most: Math.max(0, ...callCounts),
  };
}

/** How long a pass over all things takes if it gets every call of the budget that syncs can use, project ms. */
export function passMs(plan: Plan, kind: SyncKind): number {
  return timeFor(plan.things[kind], plan.windows[kinds[kind].budget]);
}

export type WallClock = ReturnType<typeof wallClockIn>;

/** Formats project ms in a time zone: `Thu 26 Nov 00:25`, `00:25–00:37`. */
export function wallClockIn(timeZone: string) {
  const date = { timeZone, weekday: 'short', day: 'numeric', month: 'short' } as const;
  const day = new Intl.DateTimeFormat('en-GB', date);
  const time = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'short' });
  return {
    time: (at: number) => `${day.format(at).replace(',', '')} ${time.format(at)}`,
    slot: ({ scheduledFor, endsAt }: Slot) => `${time.format(scheduledFor)}–${time.format(endsAt)}`,
  };
}

/** `10` or `9–12` */
export const range = (fewest: number, most: number): string =>
  fewest === most ? String(most) : `${fewest}–${most}`;
