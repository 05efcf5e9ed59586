import { type Budget, kinds, type SyncKind } from '@paceline/shared/definition';
import { type Call, callsOf } from './calls.ts';
import type { Plan, Promised } from './plan.ts';
import { distancesOf, type Stretch, type Timetable } from './timetable.ts';

/** The time between two refreshes of one thing. Where the stretch begins or ends it is at least so long. */
export interface Gap {
  /** Which club or event, numbered from 1. */
  readonly thing: number;
  readonly from: number;
  readonly until: number;
  /** False: it begins, or ends, with the stretch and not with a call. */
  readonly whole: boolean;
}

/**
 * How old the copies become when all things of a kind take turns, which no other order can better. Events that start
 * and leave make place for as many others.
 */
export function gapsOf(calls: readonly Call[], things: number, { from, until }: Stretch): Gap[] {
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
export interface Spent {
  readonly stretch: Stretch;
  readonly calls: readonly Call[];
}

/** What every kind's slots come to, stretch by stretch. */
export function spentBy(plan: Plan, stretches: readonly Stretch[]): (kind: SyncKind) => Spent[] {
  const known = new Map<Budget, Spent[]>();
  const ofBudget = (budget: Budget): Spent[] => {
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

/**
 * As `spentBy`, for what a promise comes to. Near is reckoned without urgent calls: they refresh near events too, so
 * what one of them takes from a near slot it does for near.
 */
export function turnsBy(plan: Plan, stretches: readonly Stretch[]): (kind: SyncKind) => Spent[] {
  const undisturbed = spentBy({ ...plan, eventsADay: 0 }, stretches);
  const all = spentBy(plan, stretches);
  return (kind) => (kind === 'near' ? undisturbed(kind) : all(kind));
}

/**
 * How old the oldest copy becomes, project ms; Infinity: there is no slot at all. A pass that takes longer than the
 * first stretch is reckoned from its calls.
 */
export function oldestOf(spent: readonly Spent[], things: number): number {
  const [first] = spent;
  if (!first || things === 0) return 0;
  const { from, until } = first.stretch;
  const found = spent.flatMap(({ stretch, calls }) => gapsOf(calls, things, stretch));
  const seen = found.reduce((longest, gap) => Math.max(longest, gap.until - gap.from), 0);
  return first.calls.length < things ? Math.max(seen, ((until - from) * things) / first.calls.length) : seen;
}

/** A promise in project ms. */
export const withinMs = ({ kind, within }: Promised, stretches: Timetable): number =>
  within === 'cycle' ? distancesOf(stretches, kind).longest : within;
