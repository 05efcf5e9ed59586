import { freshnessClasses } from '@paceline/shared/definition';
import type { CallReason } from '@paceline/shared/contracts';
import { freshUntil, type Goals, isWithinGoal } from './freshness.ts';
import { type EventKind, kindOf } from './horizon.ts';
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

/** An event with what a call for its signups is worth, and the reason why it would be made. */
export interface Choice<Event extends Candidate = Candidate> {
  readonly event: Event;
  readonly because: CallReason;
  readonly worth: number;
}

/** With our riders in it, or without a copy that tells, an event is worth so many times as much. */
const oursWeight = 3;
/** Of the time that a copy is still within its goal, so much counts when the list no longer shows the same number. */
const disagreeing = 0.9;
/** A call that is worth less is not made. */
const leastWorth = 0.1;
/** In its slot a kind's events are worth so many times as much. */
const ownWeight = 4;

/**
 * The events by what a call for each is worth, most first. Those that are about to start come before all others, ours
 * first, then by start. The others by the time within the goal that a call now would buy, as a share of the hour before the
 * last minutes, or of the time until that hour: an event that has just come within the hour is worth 1, one whose copy will
 * do anyway 0.
 */
export const inOrderOfWorth = <Event extends Candidate>(
  events: readonly Event[],
  goals: Goals,
  now: number,
): Choice<Event>[] =>
  events
    .map((event) => ({ event, worth: worthOf(event, goals, now) }))
    .toSorted(byWorth)
    .map(({ event, worth }) => ({ event, worth, because: reasonFor(event, goals, now) }));

interface Rated {
  readonly event: Candidate;
  readonly worth: number;
}

const byWorth = (a: Rated, b: Rated): number =>
  b.worth - a.worth ||
  Number(b.event.hasOurs) - Number(a.event.hasOurs) ||
  a.event.startsAt - b.event.startsAt ||
  (a.event.eventId < b.event.eventId ? -1 : 1);

/** What a run has done so far. */
export interface RunSoFar {
  readonly startedAt: number;
  readonly failed: ReadonlySet<string>;
}

/** A copy made in a run can't have changed enough for another call in it, and what failed in it would fail again. */
const isLeft = ({ eventId, signupsFetchedAt: at }: Candidate, { startedAt, failed }: RunSoFar): boolean =>
  (at === null || at < startedAt) && !failed.has(eventId);

/** Project ms. */
const soon = 15 * 60_000;

function reasonFor(event: Candidate, goals: Goals, now: number): CallReason {
  const { startsAt, signupsFetchedAt, signupsListedThen, listedSignups } = event;
  if (isUrgent(event, goals, now)) return 'about_to_start';
  if (signupsFetchedAt === null) return 'never_fetched';
  if (!isWithinGoal(signupsFetchedAt, startsAt, goals, now)) return 'older_than_goal';
  if (freshUntil(signupsFetchedAt, startsAt, goals, now) - now < soon) return 'soon_older_than_goal';
  return listedSignups === signupsListedThen ? 'oldest_copy' : 'signups_changed';
}

function worthOf(event: Candidate, goals: Goals, now: number): number {
  const { startsAt, signupsFetchedAt, signupsListedThen, listedSignups, hasOurs } = event;
  if (isUrgent(event, goals, now)) return Infinity;
  const until = freshUntil(now, startsAt, goals, now);
  const anyway = signupsFetchedAt === null ? now : freshUntil(signupsFetchedAt, startsAt, goals, now);
  const agrees = listedSignups === signupsListedThen ? 1 : disagreeing;
  const bought = shareOfTime(now, until, startsAt) - shareOfTime(now, anyway, startsAt) * agrees;
  return bought * (hasOurs || signupsFetchedAt === null ? oursWeight : 1);
}

/** A stretch from now on: of an event's time within the hour, until its last minutes, and of its time until that hour. */
function shareOfTime(now: number, until: number, startsAt: number): number {
  const near = startsAt - freshnessClasses.near.beginsMs;
  const urgent = startsAt - freshnessClasses.urgent.beginsMs;
  const inNear = Math.max(0, Math.min(until, urgent) - Math.max(now, near));
  const inFar = Math.max(0, Math.min(until, near) - now);
  return inNear / (urgent - near) + (inFar === 0 ? 0 : inFar / (near - now));
}

/** What is worth a call in a slot. */
export interface InSlot {
  /** What the next call should be made for, and the kind in whose lane it is asked for; undefined: nothing. */
  readonly best: { readonly choice: Choice; readonly kind: EventKind } | undefined;
  /** How many events of the slot's own kind are worth a call. */
  readonly own: number;
}

/**
 * A slot's own kind goes first while it has a use for the calls: what near ones leave at night far ones have, and what far
 * ones leave near ones have.
 */
export function worthInSlot(
  kind: EventKind,
  events: readonly Candidate[],
  run: RunSoFar,
  goals: Goals,
  now: number,
): InSlot {
  let [own, other]: [Rated | undefined, Rated | undefined] = [undefined, undefined];
  let count = 0;
  for (const event of events) {
    const rated = { event, worth: isLeft(event, run) ? worthOf(event, goals, now) : 0 };
    if (rated.worth < leastWorth) continue;
    if (kindOf(event.startsAt, now) === kind) {
      count += 1;
      own = better(own, rated);
    } else other = better(other, rated);
  }
  const best = own && own.worth * ownWeight >= (other?.worth ?? 0) ? own : other;
  return {
    best: best && {
      choice: { ...best, because: reasonFor(best.event, goals, now) },
      kind: kindOf(best.event.startsAt, now),
    },
    own: count,
  };
}

const better = (best: Rated | undefined, rated: Rated): Rated =>
  best === undefined || byWorth(rated, best) < 0 ? rated : best;
