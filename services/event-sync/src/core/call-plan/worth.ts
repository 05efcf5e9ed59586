import { classSpan, type Goals } from '@paceline/shared/definition';
import type { Candidate } from '../classes.ts';

/** What freshness is worth, in minutes: a fresh minute of the near class, in an event without our riders, is worth one. */
export interface Weights {
  /** A fresh minute of the urgent class. */
  readonly urgent: number;
  /** A copy that is within the urgent goal when the event starts. */
  readonly start: number;
  /** Factor for an event with our riders. */
  readonly ours: number;
}

const minute = 60_000;

/** A stretch before a start in which fresh time is worth something. Times are project ms. */
interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly goal: number;
  /** Worth of a ms. */
  readonly perMs: number;
}

/** What the freshness of an event's signups is worth. Times are project ms, worths minutes. */
export interface Worth {
  readonly startsAt: number;
  /** When our copy was made; -Infinity without one. */
  readonly copiedAt: number;
  readonly near: Stretch;
  readonly urgent: Stretch;
  /** A copy made from this time on is fresh at the start, which is worth `atStart`. */
  readonly startFrom: number;
  readonly atStart: number;
}

export function worthOf(event: Candidate, goals: Goals, weights: Weights, oursPerSignup: number): Worth {
  const { startsAt, signupsFetchedAt } = event;
  const factor = 1 + (weights.ours - 1) * chanceOfOurs(event, oursPerSignup);
  const perMs = factor / minute;
  return {
    startsAt,
    copiedAt: signupsFetchedAt ?? -Infinity,
    near: { ...classSpan('near', startsAt), goal: goals.near, perMs },
    urgent: { ...classSpan('urgent', startsAt), goal: goals.urgent, perMs: perMs * weights.urgent },
    startFrom: startsAt - goals.urgent,
    atStart: weights.start * factor,
  };
}

/** Calls after this can gain something. */
export const gainsFrom = ({ near }: Worth): number => near.from - near.goal;

/** Of a copy, until the next one. */
export const untilNext = ({ near, urgent }: Worth, copiedAt: number, next: number): number =>
  freshWorth(near, copiedAt, next) + freshWorth(urgent, copiedAt, next);

/** The same for many: a row for each copy with its worth until each of the copies after it. The last copy is before all others. */
export function untilEachNext({ near, urgent }: Worth, copies: readonly number[]): Float64Array {
  const size = copies.length - 1;
  const until = new Float64Array(copies.length * size);
  for (let copy = 0; copy <= size; copy += 1) {
    const at = copies[copy] ?? 0;
    const nearFrom = Math.max(near.from, at);
    const nearUntil = Math.min(near.until, at + near.goal);
    const urgentFrom = Math.max(urgent.from, at);
    const urgentUntil = Math.min(urgent.until, at + urgent.goal);
    for (let next = copy === size ? 0 : copy + 1; next < size; next += 1) {
      const end = copies[next] ?? 0;
      const freshNear = (end < nearUntil ? end : nearUntil) - nearFrom;
      const freshUrgent = (end < urgentUntil ? end : urgentUntil) - urgentFrom;
      until[copy * size + next] =
        (freshNear > 0 ? freshNear * near.perMs : 0) + (freshUrgent > 0 ? freshUrgent * urgent.perMs : 0);
    }
  }
  return until;
}

/** Of a copy, until the start. */
export const untilStart = (worth: Worth, copiedAt: number): number =>
  untilNext(worth, copiedAt, worth.startsAt) + (copiedAt >= worth.startFrom ? worth.atStart : 0);

const freshWorth = ({ from, until, goal, perMs }: Stretch, copiedAt: number, next: number): number =>
  Math.max(0, Math.min(until, next, copiedAt + goal) - Math.max(from, copiedAt)) * perMs;

/** The chance that one of our riders is in an event when it starts. @param perSignup share of all signups that are ours */
export function chanceOfOurs(
  { hasOurs, listedSignups, signupsListedThen }: Candidate,
  perSignup: number,
): number {
  const unseen = Math.max(0, listedSignups - (signupsListedThen ?? 0));
  return hasOurs ? 1 : 1 - (1 - perSignup) ** unseen;
}

/** The share of all signups that are of our riders, judging by which copies show one of them. */
export function learnOursPerSignup(events: readonly Candidate[]): number {
  const copied = events.filter(({ signupsListedThen }) => (signupsListedThen ?? 0) > 0);
  const signups = copied.reduce((sum, { signupsListedThen }) => sum + (signupsListedThen ?? 0), 0);
  // One event more with ours and one without, so that few copies say little.
  const withOurs = (copied.filter(({ hasOurs }) => hasOurs).length + 1) / (copied.length + 2);
  return 1 - (1 - withOurs) ** (copied.length === 0 ? 0 : copied.length / signups);
}
