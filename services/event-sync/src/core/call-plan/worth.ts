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

/** Of a copy, until the start. */
export const untilStart = (worth: Worth, copiedAt: number): number =>
  untilNext(worth, copiedAt, worth.startsAt) + (copiedAt >= worth.startFrom ? worth.atStart : 0);

const freshWorth = ({ from, until, goal, perMs }: Stretch, copiedAt: number, next: number): number =>
  Math.max(0, Math.min(until, next, copiedAt + goal) - Math.max(from, copiedAt)) * perMs;

/** What one call gains within a class. */
export function gainIn(worth: Worth, name: 'near' | 'urgent', at: number): number {
  const { from, until, goal, perMs } = worth[name];
  if (at >= until) return 0;
  const fresh = Math.min(until, at + goal) - Math.max(from, at, worth.copiedAt + goal);
  const isFirst = name === 'urgent' && at >= worth.startFrom && worth.copiedAt < worth.startFrom;
  return Math.max(0, fresh * perMs) + (isFirst ? worth.atStart : 0);
}

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
