import {
  classNames,
  classOfKind,
  classSpan,
  type EventKind,
  eventKinds,
  freshnessClasses,
  type Goals,
  horizonMs,
} from '@paceline/shared/definition';

/** An event whose signups can be fetched. Times are project ms. */
export interface Candidate {
  readonly eventId: string;
  readonly startsAt: number;
  /** Number of signups in the list. */
  readonly listedSignups: number;
  /** Number of signups in the list when our copy was made. */
  readonly signupsListedThen: number | null;
  /** When our copy was made; null without one. */
  readonly signupsFetchedAt: number | null;
  /** Whether one of our riders is in our copy. */
  readonly hasOurs: boolean;
}

/** A stretch of time, project ms. */
export interface TimeSpan {
  readonly from: number;
  readonly until: number;
}

export const isWithin = ({ from, until }: TimeSpan, at: number): boolean => at >= from && at < until;

/** A range of start times, project ms: `after` exclusive, `until` inclusive. */
export interface Horizon {
  readonly after: number;
  readonly until: number;
}

/** The start times that any kind covers. Events that have started are no longer fetched. */
export const wholeHorizon = (now: number): Horizon => ({ after: now, until: now + horizonMs });

/** How long before the start each kind covers an event, shortest first. */
const lookAheads = eventKinds.map((kind) => ({ kind, ms: freshnessClasses[classOfKind[kind]].fromMs }));

/** The start times that a kind covers: those of its class that no earlier kind covers. */
export function horizonOf(kind: EventKind, now: number): Horizon {
  const index = eventKinds.indexOf(kind);
  return { after: now + (lookAheads[index - 1]?.ms ?? 0), until: now + (lookAheads[index]?.ms ?? 0) };
}

/** Whether the copy of the event list is less than a minute old. */
export const isListFresh = (fetchedAt: number | null, now: number): boolean =>
  fetchedAt !== null && now - fetchedAt < 60_000;

/** Until when a copy stays within its event's goals, between `now` and the start of the event. */
export function freshUntil(copiedAt: number, startsAt: number, goals: Goals, now: number): number {
  for (const name of classNames.toReversed()) {
    const { from, until } = classSpan(name, startsAt);
    if (until <= now) continue;
    const end = Math.max(from, copiedAt + goals[name]);
    if (end < until) return Math.max(now, end);
  }
  return Math.max(now, startsAt);
}
