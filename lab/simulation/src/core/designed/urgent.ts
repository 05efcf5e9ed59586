import { freshnessClasses, type Goals, urgentFrom } from '@paceline/shared/definition';
import { type Candidate, isWithin } from '@paceline/event-sync/core/classes';

/** Project ms; then the events are checked again, because the list may have changed. */
const maxPauseMs = 60_000;

/** Whether an event is in its last minutes and has no copy made in them, or only one older than the urgent goal. */
export const isUrgent = ({ startsAt, signupsFetchedAt }: Candidate, goals: Goals, now: number): boolean =>
  isWithin({ from: urgentFrom(signupsFetchedAt, startsAt, goals), until: startsAt }, now);

/** Project ms until the next event can become urgent, at most a minute. */
export const untilNextUrgent = (candidates: readonly Candidate[], goals: Goals, now: number): number =>
  Math.min(
    maxPauseMs,
    ...candidates
      .flatMap(({ startsAt, signupsFetchedAt }) => [
        startsAt - freshnessClasses.urgent.fromMs,
        (signupsFetchedAt ?? 0) + goals.urgent,
      ])
      .map((at) => at - now)
      .filter((ms) => ms > 0),
  );
