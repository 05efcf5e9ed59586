import { kinds } from '@paceline/shared/definition';
import type { ResultsState } from '@paceline/shared/contracts';
import { isPage, type UpstreamError, type UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import type { Horizon } from './classes.ts';
import type { Worthwhile } from './event-run.ts';

/** An event that has started, and how its results stand. Moments are project ms. */
export interface Finish {
  readonly eventId: string;
  readonly startsAt: number;
  /** Upstream's word for what it is. */
  readonly type: string | null;
  readonly resultsState: ResultsState | null;
  /** When they were last asked for; null: never. */
  readonly resultsTriedAt: number | null;
  /** Whether one of our riders was signed up. */
  readonly hasOurs: boolean;
}

/** Why an event's results are worth a call; the best reason first. */
const reasons = ['never_asked', 'not_there', 'not_rated'] as const;
type ResultsReason = (typeof reasons)[number];

const minute = 60_000;
const hour = 60 * minute;

/** Project ms from the start: when most races are over, and when results are given up. */
const typicalDuration = hour;
const givenUpAfter = 72 * hour;

/** The starts of events whose results may be wanted: after `after`, until `until`. */
export const resultsHorizon = (now: number): Horizon => ({
  after: now - givenUpAfter,
  until: now - typicalDuration,
});

const shortestPause = 10 * minute;
const longestPause = 12 * hour;

/** Project ms between two tries: a third of the time since the start, as what is late by hours is not expected within minutes. */
export const pauseAfterTry = (startsAt: number, triedAt: number): number =>
  Math.min(longestPause, Math.max(shortestPause, (triedAt - startsAt) / 3));

/** Only races are rated. */
const isRide = ({ type }: Finish): boolean => type !== null && type !== 'Race';

/** Why the results are wanted; undefined: nothing can have changed any more. */
function reasonOf(event: Finish): ResultsReason | undefined {
  switch (event.resultsState) {
    case null:
      return 'never_asked';
    case 'none_yet':
      return 'not_there';
    case 'unrated':
      return isRide(event) ? undefined : 'not_rated';
    case 'rated':
    case 'given_up':
      return undefined;
  }
}

function isDue({ startsAt, resultsTriedAt }: Finish, now: number): boolean {
  const { after, until } = resultsHorizon(now);
  if (startsAt <= after || startsAt > until) return false;
  return resultsTriedAt === null || now >= resultsTriedAt + pauseAfterTry(startsAt, resultsTriedAt);
}

/** The results that are worth a call now, best first: ours before others, races before rides, by reason, the latest start. */
export function wantedResults(
  events: readonly Finish[],
  failed: ReadonlySet<string>,
  now: number,
): Array<{ readonly event: Finish; readonly because: ResultsReason }> {
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

/** What is worth a call in a slot of the results. */
export function lookForResults(
  events: readonly Finish[],
  failed: ReadonlySet<string>,
  now: number,
): Worthwhile {
  const wanted = wantedResults(events, failed, now);
  const [first] = wanted;
  const { lane } = kinds.results;
  return {
    best: first && { eventId: first.event.eventId, lane, because: first.because, isOwn: true },
    left: wanted.length,
  };
}

/** What is wrong with one event's answer and not with every one. */
const aboutOne: ReadonlySet<UpstreamErrorCode> = new Set(['rejected', 'unreadable']);

/** What a failed call says: `none yet`, since upstream may well know no results then, of this event only, or of others too. */
export function verdictOn({
  code,
  rawStart = '',
}: Pick<UpstreamError, 'code'> & Partial<UpstreamError>): 'none yet' | 'this event' | 'others too' {
  if (code === 'not_found' && !isPage(rawStart)) return 'none yet';
  return aboutOne.has(code) ? 'this event' : 'others too';
}

/** What an answer makes of an event's results; upstream rates a race as a whole. @param unreadable how many more there are */
export function stateOf(
  results: ReadonlyArray<{ readonly rating: number | null }>,
  unreadable: number,
): ResultsState {
  if (results.length + unreadable === 0) return 'none_yet';
  return results.some(({ rating }) => rating !== null) ? 'rated' : 'unrated';
}

/** Why results that stand so are not waited for any longer. */
export const givenUpBecause = {
  none_yet: `there were none ${givenUpAfter / hour} hours after the start`,
  unrated: `they were not rated ${givenUpAfter / hour} hours after the start`,
  never: `nobody has asked for them within ${givenUpAfter / hour} hours of the start`,
} as const;
