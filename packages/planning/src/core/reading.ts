import { type Budget, kinds, type SyncKind } from '@paceline/shared/definition';
import type { KindForecast, Promised, Slot } from '@paceline/shared/contracts';
import { type PlannedCall, callsOf } from './calls.ts';
import { type Plan, soonKind } from './plan.ts';
import { distancesOf, type Openings, type Stretch, type Timetable, timetableOf } from './timetable.ts';

/** A plan and what its slots come to: what every rule and the forecast look at. The week is the first stretch. */
export type PlanReading = ReturnType<typeof readingOf>;

/** @param openings remembered ones, where several plans are read */
export function readingOf(plan: Plan, from: number, openings?: Openings) {
  const stretches = timetableOf(plan, from, openings);
  return {
    plan,
    stretches,
    spentBy: spentBy(plan, stretches),
    turnsBy: turnsBy(plan, stretches),
    wall: wallOf(plan.schedules[0]?.timeZone ?? 'UTC'),
  };
}

/** The time between two refreshes of one thing. Where the stretch begins or ends it is at least so long. */
export interface Gap {
  /** Which club or event, numbered from 1. */
  readonly thing: number;
  readonly from: number;
  readonly until: number;
  /** False: it begins, or ends, with the stretch and not with a call. */
  readonly whole: boolean;
}

/** How old copies become when things take turns, which no other order can better. */
export function gapsOf(calls: readonly PlannedCall[], things: number, { from, until }: Stretch): Gap[] {
  const between = calls.map(({ at }, index): Gap => {
    const before = calls[index - things];
    return { thing: (index % things) + 1, from: before?.at ?? from, until: at, whole: before !== undefined };
  });
  const last = calls.slice(-things).map(({ at }, index): Gap => {
    const turn = Math.max(0, calls.length - things) + index;
    return { thing: (turn % things) + 1, from: at, until, whole: false };
  });
  const never = calls.length < things ? [{ thing: things, from, until, whole: false }] : [];
  return [...between, ...last, ...never];
}

/** A stretch with the calls that a kind makes in it. */
export interface MadeCalls {
  readonly stretch: Stretch;
  readonly calls: readonly PlannedCall[];
}

/** What every kind's slots come to, stretch by stretch. */
export function spentBy(plan: Plan, stretches: readonly Stretch[]): (kind: SyncKind) => MadeCalls[] {
  const known = new Map<Budget, MadeCalls[]>();
  const ofBudget = (budget: Budget): MadeCalls[] => {
    const spent =
      known.get(budget) ?? stretches.map((stretch) => ({ stretch, calls: callsOf(plan, stretch, budget) }));
    known.set(budget, spent);
    return spent;
  };
  return (kind) =>
    ofBudget(kinds[kind].budget).map(({ stretch, calls }) => ({
      stretch,
      calls: calls.filter((call) => call.kind === kind),
    }));
}

/** As `spentBy`, for promises: the soon kind without urgent calls, which refresh its own events anyway. */
export function turnsBy(plan: Plan, stretches: readonly Stretch[]): (kind: SyncKind) => MadeCalls[] {
  const undisturbed = spentBy({ ...plan, eventsADay: 0 }, stretches);
  const all = spentBy(plan, stretches);
  return (kind) => (kind === soonKind ? undisturbed(kind) : all(kind));
}

/** Age of the oldest copy, project ms; Infinity without slots. A pass longer than the first stretch is extrapolated. */
export function oldestOf(spent: readonly MadeCalls[], things: number): number {
  const [first] = spent;
  if (!first || things === 0) return 0;
  const { from, until } = first.stretch;
  const found = spent.flatMap(({ stretch, calls }) => gapsOf(calls, things, stretch));
  const seen = found.reduce((longest, gap) => Math.max(longest, gap.until - gap.from), 0);
  return first.calls.length < things ? Math.max(seen, ((until - from) * things) / first.calls.length) : seen;
}

export const withinMs = ({ kind, within }: Promised, stretches: Timetable): number =>
  within === 'cycle' ? distancesOf(stretches, kind).longest : within;

const day = 86_400_000;

/** What the slots of a kind have room for in a week; a slot that opened before it is not counted */
export function roomOf(
  kind: SyncKind,
  { stretch, calls }: MadeCalls,
): Pick<KindForecast, 'slotsADay' | 'callsADay' | 'fewest' | 'most'> {
  const { from, until } = stretch;
  const slots = stretch.slots[kind].filter(({ scheduledFor }) => scheduledFor >= from);
  const bySlot = Map.groupBy(calls, ({ slotId }) => slotId);
  const rooms = slots.map(({ slotId }) => bySlot.get(slotId)?.length ?? 0);
  const days = (until - from) / day;
  return {
    slotsADay: slots.length / days,
    callsADay: rooms.reduce((sum, room) => sum + room, 0) / days,
    fewest: rooms.length > 0 ? Math.min(...rooms) : 0,
    most: Math.max(0, ...rooms),
  };
}

/** How long one call for everything takes (project ms) when all calls that the limit allows are made. */
export function passMs({ policies, things }: Plan, kind: SyncKind): number {
  const { limit, windowMs } = policies[kinds[kind].budget];
  return (things[kind] * windowMs) / limit;
}

export type Wall = ReturnType<typeof wallOf>;

/** Says moments (project ms) as the clocks of a time zone do: `Thu 26 Nov 00:25`, `00:25–00:37`. */
export function wallOf(timeZone: string) {
  const date = { timeZone, weekday: 'short', day: 'numeric', month: 'short' } as const;
  const day = new Intl.DateTimeFormat('en-GB', date);
  const time = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'short' });
  return {
    moment: (at: number) => `${day.format(at).replace(',', '')} ${time.format(at)}`,
    slot: ({ scheduledFor, endsAt }: Slot) => `${time.format(scheduledFor)}–${time.format(endsAt)}`,
  };
}

/** `10`, or `9 to 12` */
export const range = (fewest: number, most: number): string =>
  fewest === most ? String(most) : `${fewest} to ${most}`;
