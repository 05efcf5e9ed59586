import {
  type EventKind,
  eventKindOf,
  freshnessClasses,
  type Goals,
  isWithinGoal,
  kinds,
} from '@paceline/shared/definition';
import type { CallReason } from '@paceline/shared/contracts';
import { type Candidate, freshUntil } from './classes.ts';
import { isUrgent } from './urgent.ts';
import type { BestEvent, EventRun, Selection } from './event-run.ts';

/** An event with the value of a call for its signups and the reason to make it. */
export interface RankedCandidate<Event extends Candidate = Candidate> {
  readonly event: Event;
  readonly because: CallReason;
  readonly value: number;
}

/** Weight of an event with our riders, or of one without a copy, which may have some. */
const oursWeight = 3;
/** A copy keeps this share of its remaining fresh time when the list shows another number of signups. */
const changedFactor = 0.9;
/** Calls with a lower value are not made. */
const minValue = 0.1;
/** Weight of a kind's events in its own slot. */
const ownWeight = 4;

/** The events by the value of a call, highest first; ties: ours first, then by start. */
export const rankByValue = <Event extends Candidate>(
  events: readonly Event[],
  goals: Goals,
  now: number,
): RankedCandidate<Event>[] =>
  events
    .map((event) => ({ event, value: callValue(event, goals, now), because: reasonFor(event, goals, now) }))
    .toSorted(compareByValue);

type ValuedCandidate = Pick<RankedCandidate, 'event' | 'value'>;

const compareByValue = (a: ValuedCandidate, b: ValuedCandidate): number =>
  b.value - a.value ||
  Number(b.event.hasOurs) - Number(a.event.hasOurs) ||
  a.event.startsAt - b.event.startsAt ||
  (a.event.eventId < b.event.eventId ? -1 : 1);

/** A run fetches no event twice: its own copy is fresh enough, and a failed call would fail again. */
const isPending = (
  { eventId, signupsFetchedAt: at }: Candidate,
  { startedAt, failed }: Pick<EventRun, 'startedAt' | 'failed'>,
): boolean => (at === null || at < startedAt) && !failed.has(eventId);

/** Project ms before the start. */
const lastMinutesMs = freshnessClasses.urgent.fromMs;

function reasonFor(event: Candidate, goals: Goals, now: number): CallReason {
  const { startsAt, signupsFetchedAt, signupsListedThen, listedSignups } = event;
  if (isUrgent(event, goals, now)) return urgentReason;
  if (signupsFetchedAt === null) return 'never_fetched';
  if (!isWithinGoal(signupsFetchedAt, startsAt, goals, now)) return 'older_than_goal';
  if (freshUntil(signupsFetchedAt, startsAt, goals, now) - now < lastMinutesMs) return 'soon_older_than_goal';
  return listedSignups === signupsListedThen ? 'oldest_copy' : 'signups_changed';
}

export const urgentReason: CallReason = 'about_to_start';

/**
 * Infinity for an event about to start. Otherwise the fresh time that a call now would gain, as a share of the near phase
 * (the hour before the last minutes) or of the time until it: 1 for a stale event just entering it, 0 for a fresh copy.
 */
function callValue(event: Candidate, goals: Goals, now: number): number {
  const { startsAt, signupsFetchedAt, signupsListedThen, listedSignups, hasOurs } = event;
  if (isUrgent(event, goals, now)) return Infinity;
  const withCall = freshUntil(now, startsAt, goals, now);
  const withoutCall = signupsFetchedAt === null ? now : freshUntil(signupsFetchedAt, startsAt, goals, now);
  const factor = listedSignups === signupsListedThen ? 1 : changedFactor;
  const gained = shareOfTime(now, withCall, startsAt) - shareOfTime(now, withoutCall, startsAt) * factor;
  return gained * (hasOurs || signupsFetchedAt === null ? oursWeight : 1);
}

/** The time from now until `until`, as a share of the event's near phase plus a share of the time until that phase. */
function shareOfTime(now: number, until: number, startsAt: number): number {
  const near = startsAt - freshnessClasses.near.fromMs;
  const urgent = startsAt - freshnessClasses.urgent.fromMs;
  const inNear = Math.max(0, Math.min(until, urgent) - Math.max(now, near));
  const inFar = Math.max(0, Math.min(until, near) - now);
  return inNear / (urgent - near) + (inFar === 0 ? 0 : inFar / (near - now));
}

/** The best event for a call in a slot: the slot's own kind has priority, the other kind gets the rest. */
export function chooseInSlot(
  kind: EventKind,
  events: readonly Candidate[],
  run: Pick<EventRun, 'startedAt' | 'failed'>,
  goals: Goals,
  now: number,
): Selection {
  let [own, other]: [ValuedCandidate | undefined, ValuedCandidate | undefined] = [undefined, undefined];
  let left = 0;
  for (const event of events) {
    const candidate = { event, value: isPending(event, run) ? callValue(event, goals, now) : 0 };
    if (candidate.value < minValue) continue;
    if (eventKindOf(event.startsAt, now) === kind) {
      left += 1;
      own = better(own, candidate);
    } else other = better(other, candidate);
  }
  const best = own && own.value * ownWeight >= (other?.value ?? 0) ? own : other;
  return { best: best && toBest(best.event, kind, goals, now), left };
}

function toBest(event: Candidate, kind: EventKind, goals: Goals, now: number): BestEvent {
  const own = eventKindOf(event.startsAt, now) ?? kind;
  const because = reasonFor(event, goals, now);
  return { eventId: event.eventId, lane: kinds[own].lane, because, isOwn: own === kind };
}

const better = (best: ValuedCandidate | undefined, candidate: ValuedCandidate): ValuedCandidate =>
  best === undefined || compareByValue(candidate, best) < 0 ? candidate : best;
