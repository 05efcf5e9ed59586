import { kinds } from '@paceline/shared/definition';
import type { ResultsState } from '@paceline/shared/contracts';
import type { UpstreamError, UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import type { Horizon } from './classes.ts';
import type { Selection } from './event-run.ts';

/** An event that has started, and the state of its results. Times are project ms. */
export interface EndedEvent {
  readonly eventId: string;
  readonly startsAt: number;
  /** As upstream calls it, e.g. `Race`. */
  readonly type: string | null;
  readonly resultsState: ResultsState | null;
  /** Time of the last call; null for never. */
  readonly resultsTriedAt: number | null;
  /** Whether one of our riders was signed up. */
  readonly hasOurs: boolean;
}

/** Reasons to fetch results, the strongest first. */
const reasons = ['never_fetched', 'no_results_yet', 'not_rated'] as const;
type ResultsReason = (typeof reasons)[number];

const minute = 60_000;
const hour = 60 * minute;

/** Project ms after the start: when most races are over, and when Paceline stops fetching results. */
const typicalDurationMs = hour;
const giveUpAfterMs = 72 * hour;

/** The start times of events whose results are fetched. */
export const resultsHorizon = (now: number): Horizon => ({
  after: now - giveUpAfterMs,
  until: now - typicalDurationMs,
});

const minPauseMs = 10 * minute;
const maxPauseMs = 12 * hour;

/** Project ms until the next try: a third of the time since the start, between 10 min and 12 h. */
export const pauseAfterTry = (startsAt: number, triedAt: number): number =>
  Math.min(maxPauseMs, Math.max(minPauseMs, (triedAt - startsAt) / 3));

/** Only races are rated. */
const isRide = ({ type }: EndedEvent): boolean => type !== null && type !== 'Race';

/** Undefined when the results can't change any more. */
function reasonOf(event: EndedEvent): ResultsReason | undefined {
  switch (event.resultsState) {
    case null:
      return 'never_fetched';
    case 'none_yet':
      return 'no_results_yet';
    case 'unrated':
      return isRide(event) ? undefined : 'not_rated';
    case 'rated':
    case 'given_up':
      return undefined;
  }
}

function isDue({ startsAt, resultsTriedAt }: EndedEvent, now: number): boolean {
  const { after, until } = resultsHorizon(now);
  if (startsAt <= after || startsAt > until) return false;
  return resultsTriedAt === null || now >= resultsTriedAt + pauseAfterTry(startsAt, resultsTriedAt);
}

/** Events whose results are due, best first: ours before others, races before rides, then by reason, latest start first. */
export function dueResults(
  events: readonly EndedEvent[],
  failed: ReadonlySet<string>,
  now: number,
): Array<{ readonly event: EndedEvent; readonly because: ResultsReason }> {
  return events
    .filter((event) => isDue(event, now) && !failed.has(event.eventId))
    .flatMap((event) => {
      const because = reasonOf(event);
      return because ? [{ event, because }] : [];
    })
    .toSorted(
      (a, b) =>
        Number(b.event.hasOurs) - Number(a.event.hasOurs) ||
        Number(isRide(a.event)) - Number(isRide(b.event)) ||
        reasons.indexOf(a.because) - reasons.indexOf(b.because) ||
        b.event.startsAt - a.event.startsAt ||
        (a.event.eventId < b.event.eventId ? -1 : 1),
    );
}

/** The best event to fetch in a results slot. */
export function chooseResults(
  events: readonly EndedEvent[],
  failed: ReadonlySet<string>,
  now: number,
): Selection {
  const due = dueResults(events, failed, now);
  const [first] = due;
  const { lane } = kinds.results;
  return {
    best: first && { eventId: first.event.eventId, lane, because: first.because, isOwn: true },
    left: due.length,
  };
}

const affectsOneEvent: ReadonlySet<UpstreamErrorCode> = new Set(['rejected', 'unreadable', 'unexpected']);

/** Whether a failed call means that there are no results yet, or concerns this event only, or all events. */
export function scopeOfFailure({
  code,
}: Pick<UpstreamError, 'code'>): 'none yet' | 'this event' | 'all events' {
  if (code === 'not_found') return 'none yet';
  return affectsOneEvent.has(code) ? 'this event' : 'all events';
}

/**
 * State of an event's results; upstream rates a race as a whole. Before that each rating is the one before the race,
 * without a change. @param unreadable number of skipped entries
 */
export function stateOf(
  results: ReadonlyArray<{ readonly ratingDelta: number | null }>,
  unreadable: number,
): ResultsState {
  if (results.length + unreadable === 0) return 'none_yet';
  return results.some(({ ratingDelta }) => ratingDelta !== null) ? 'rated' : 'unrated';
}

/** Shown as the reason when results are given up. */
export const giveUpReasons = {
  none_yet: `no results within ${giveUpAfterMs / hour} hours of the start`,
  unrated: `not rated within ${giveUpAfterMs / hour} hours of the start`,
  never: `not fetched within ${giveUpAfterMs / hour} hours of the start`,
} as const;
