import { isUrgent } from './urgent.ts';

/** What is known of an event whose signups may be worth a call. Moments are project ms. */
export interface Candidate {
  readonly eventId: string;
  readonly startsAt: number;
  /** How many signups the list shows. */
  readonly listedSignups: number;
  /** What the list showed when our copy was made. */
  readonly signupsListedThen: number | null;
  /** When our copy was made; null: there is none. */
  readonly signupsFetchedAt: number | null;
  /** Whether one of our riders is in our copy. */
  readonly hasOurs: boolean;
}

/** An old copy counts so many times its age when our riders are in it. */
const oursWeight = 3;

/**
 * The events that are worth a call in this run, the one that is worth most first:
 * 1. without a copy, or soon to start without one from its last minutes: by start, then ours before others;
 * 2. where the list shows another number than then: ours before others, then by start;
 * 3. the others, by the age of our copy.
 * A copy made in this run can't have changed enough, and what failed in it would fail again.
 */
export function worthCalling(
  candidates: readonly Candidate[],
  run: { readonly startedAt: number; readonly failed: ReadonlySet<string> },
  now: number,
): Candidate[] {
  return candidates
    .filter(
      ({ eventId, signupsFetchedAt }) =>
        !isSince(signupsFetchedAt, run.startedAt) && !run.failed.has(eventId),
    )
    .map((candidate) => ({ candidate, worth: worthOf(candidate, now) }))
    .toSorted((a, b) => compare(a.worth, b.worth) || (a.candidate.eventId < b.candidate.eventId ? -1 : 1))
    .map(({ candidate }) => candidate);
}

const isSince = (moment: number | null, start: number): boolean => moment !== null && moment >= start;

/** Smaller goes first, number by number. */
function worthOf(event: Candidate, now: number): readonly [number, number, number] {
  const { startsAt, signupsFetchedAt, signupsListedThen, listedSignups, hasOurs } = event;
  const oursFirst = hasOurs ? 0 : 1;
  if (signupsFetchedAt === null || isUrgent(event, now)) return [1, startsAt, oursFirst];
  if (listedSignups !== signupsListedThen) return [2, oursFirst, startsAt];
  return [3, -(now - signupsFetchedAt) * (hasOurs ? oursWeight : 1), startsAt];
}

function compare(a: readonly number[], b: readonly number[]): number {
  const different = a.findIndex((value, index) => value !== b[index]);
  return different < 0 ? 0 : (a[different] ?? 0) - (b[different] ?? 0);
}
