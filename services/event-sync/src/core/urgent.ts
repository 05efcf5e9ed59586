import { freshnessClasses } from '@paceline/shared/definition';
import { type Candidate, classSpan, type Goals, isWithin } from './classes.ts';

/** Project ms. The list may have changed by then. */
const lookAgainAfter = 60_000;

/** Whether an event is about to start and our copy is from before its last minutes, or older than the goal for them. */
export function isUrgent({ startsAt, signupsFetchedAt }: Candidate, goals: Goals, now: number): boolean {
  const last = classSpan('urgent', startsAt);
  if (!isWithin(last, now)) return false;
  return signupsFetchedAt === null || signupsFetchedAt < last.from || now - signupsFetchedAt >= goals.urgent;
}

/** Those that are about to start, the first to be called first: ours, then by start. */
export const urgentOf = (
  candidates: readonly Candidate[],
  failed: ReadonlySet<string>,
  goals: Goals,
  now: number,
): Candidate[] =>
  candidates
    .filter((event) => isUrgent(event, goals, now) && !failed.has(event.eventId))
    .toSorted(
      (a, b) =>
        Number(b.hasOurs) - Number(a.hasOurs) || a.startsAt - b.startsAt || (a.eventId < b.eventId ? -1 : 1),
    );

/** Project ms until another event may be about to start, or may need another copy before it does. */
export const untilNextUrgent = (candidates: readonly Candidate[], goals: Goals, now: number): number =>
  Math.min(
    lookAgainAfter,
    ...candidates
      .flatMap(({ startsAt, signupsFetchedAt }) => [
        startsAt - freshnessClasses.urgent.fromMs,
        (signupsFetchedAt ?? 0) + goals.urgent,
      ])
      .map((at) => at - now)
      .filter((ms) => ms > 0),
  );
