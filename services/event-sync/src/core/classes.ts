import {
  classNames,
  classOfKind,
  type EventKind,
  eventKinds,
  type FreshnessClass,
  freshnessClasses,
  horizonMs,
} from '@paceline/shared/definition';

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

/** How old our copy of an event's signups may be, by the class of the event; project ms. */
export type Goals = Readonly<Record<FreshnessClass, number>>;

/** A stretch of time, project ms. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** From when until when (not including) an event is of a class. */
export function classSpan(name: FreshnessClass, startsAt: number): Span {
  const { fromMs, untilMs } = freshnessClasses[name];
  return { from: startsAt - fromMs, until: startsAt - untilMs };
}

/** Undefined: it has started, or starts after the horizon. */
export const classOf = (startsAt: number, now: number): FreshnessClass | undefined =>
  classNames.find((name) => isWithin(classSpan(name, startsAt), now));

export const isWithin = ({ from, until }: Span, at: number): boolean => at >= from && at < until;

/** Starts, project ms: after `after`, until `until`. */
export interface Horizon {
  readonly after: number;
  readonly until: number;
}

/** Every start that some kind looks at. Events that have started are no longer fetched. */
export const wholeHorizon = (now: number): Horizon => ({ after: now, until: now + horizonMs });

/** How long before its start a kind looks at an event; the soonest first. */
const reaches = eventKinds.map((kind) => ({ kind, ms: freshnessClasses[classOfKind[kind]].fromMs }));

/** The starts that a kind looks at: those within its class, but not what a kind for sooner ones looks at. */
export function horizonOf(kind: EventKind, now: number): Horizon {
  const index = eventKinds.indexOf(kind);
  return { after: now + (reaches[index - 1]?.ms ?? 0), until: now + (reaches[index]?.ms ?? 0) };
}

/** The kind that looks at an event which is still to start. */
export const kindOf = (startsAt: number, now: number): EventKind | undefined =>
  reaches.find(({ ms }) => startsAt <= now + ms)?.kind;

/** A copy of the list younger than a minute says as much as a new one. */
export const isListFresh = (fetchedAt: number | null, now: number): boolean =>
  fetchedAt !== null && now - fetchedAt < 60_000;

/** Whether a copy is within the goal of its event at a moment; null: there is no copy. An event of no class has none. */
export function isWithinGoal(copiedAt: number | null, startsAt: number, goals: Goals, now: number): boolean {
  const name = classOf(startsAt, now);
  return name === undefined || (copiedAt !== null && now - copiedAt < goals[name]);
}

/** Until when a copy is within the goals of its event without a break, `now` at the earliest; its start at the latest. */
export function freshUntil(copiedAt: number, startsAt: number, goals: Goals, now: number): number {
  for (const name of classNames.toReversed()) {
    const { from, until } = classSpan(name, startsAt);
    if (until <= now) continue;
    const end = Math.max(from, copiedAt + goals[name]);
    if (end < until) return Math.max(now, end);
  }
  return Math.max(now, startsAt);
}
