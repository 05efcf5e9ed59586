import { type EventKind, freshnessClasses, kinds } from '@paceline/shared/definition';
import type { CallReason } from '@paceline/shared/contracts';
import { type Candidate, freshUntil, type Goals, isWithinGoal, kindOf } from './classes.ts';
import { isUrgent } from './urgent.ts';
import type { Best, EventRun, Worthwhile } from './event-run.ts';

/** An event with what a call for its signups is worth, and the reason why it would be made. */
export interface Choice<Event extends Candidate = Candidate> {
  readonly event: Event;
  readonly because: CallReason;
  readonly worth: number;
}

/** Weight of an event with our riders in it, or with no copy to tell. */
const oursWeight = 3;
/** How much of a copy's remaining time within its goal counts once the list shows another number of signups. */
const disagreeing = 0.9;
/** A call that is worth less is not made. */
const leastWorth = 0.1;
/** Weight of a kind's events in its own slot. */
const ownWeight = 4;

/** The events by what a call for each is worth, most first; of equal ones ours first, then by start. */
export const inOrderOfWorth = <Event extends Candidate>(
  events: readonly Event[],
  goals: Goals,
  now: number,
): Choice<Event>[] =>
  events
    .map((event) => ({ event, worth: worthOf(event, goals, now), because: reasonFor(event, goals, now) }))
    .toSorted(byWorth);

type Rated = Pick<Choice, 'event' | 'worth'>;

const byWorth = (a: Rated, b: Rated): number =>
  b.worth - a.worth ||
  Number(b.event.hasOurs) - Number(a.event.hasOurs) ||
  a.event.startsAt - b.event.startsAt ||
  (a.event.eventId < b.event.eventId ? -1 : 1);

/** A copy made in a run can't have changed enough for another call in it, and what failed in it would fail again. */
const isLeft = (
  { eventId, signupsFetchedAt: at }: Candidate,
  { startedAt, failed }: Pick<EventRun, 'startedAt' | 'failed'>,
): boolean => (at === null || at < startedAt) && !failed.has(eventId);

/** Before its last minutes there is time for another look. Project ms. */
const soon = freshnessClasses.urgent.fromMs;

function reasonFor(event: Candidate, goals: Goals, now: number): CallReason {
  const { startsAt, signupsFetchedAt, signupsListedThen, listedSignups } = event;
  if (isUrgent(event, goals, now)) return urgentReason;
  if (signupsFetchedAt === null) return 'never_fetched';
  if (!isWithinGoal(signupsFetchedAt, startsAt, goals, now)) return 'older_than_goal';
  if (freshUntil(signupsFetchedAt, startsAt, goals, now) - now < soon) return 'soon_older_than_goal';
  return listedSignups === signupsListedThen ? 'oldest_copy' : 'signups_changed';
}

/** Why the watch over events that are about to start calls. */
export const urgentReason: CallReason = 'about_to_start';

/**
 * Infinite for what is about to start. For others the time within the goal that a call now would buy, as a share of the hour
 * before the last minutes, or of the time until that hour: 1 for one that has just come within it, 0 where the copy will do.
 */
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
  const near = startsAt - freshnessClasses.near.fromMs;
  const urgent = startsAt - freshnessClasses.urgent.fromMs;
  const inNear = Math.max(0, Math.min(until, urgent) - Math.max(now, near));
  const inFar = Math.max(0, Math.min(until, near) - now);
  return inNear / (urgent - near) + (inFar === 0 ? 0 : inFar / (near - now));
}

/** A slot's own kind goes first while it has a use for the calls; what it leaves the other one has. */
export function worthInSlot(
  kind: EventKind,
  events: readonly Candidate[],
  run: Pick<EventRun, 'startedAt' | 'failed'>,
  goals: Goals,
  now: number,
): Worthwhile {
  let [own, other]: [Rated | undefined, Rated | undefined] = [undefined, undefined];
  let left = 0;
  for (const event of events) {
    const rated = { event, worth: isLeft(event, run) ? worthOf(event, goals, now) : 0 };
    if (rated.worth < leastWorth) continue;
    if (kindOf(event.startsAt, now) === kind) {
      left += 1;
      own = better(own, rated);
    } else other = better(other, rated);
  }
  const best = own && own.worth * ownWeight >= (other?.worth ?? 0) ? own : other;
  return { best: best && bestOf(best.event, kind, goals, now), left };
}

function bestOf(event: Candidate, kind: EventKind, goals: Goals, now: number): Best {
  const own = kindOf(event.startsAt, now) ?? kind;
  const because = reasonFor(event, goals, now);
  return { eventId: event.eventId, lane: kinds[own].lane, because, isOwn: own === kind };
}

const better = (best: Rated | undefined, rated: Rated): Rated =>
  best === undefined || byWorth(rated, best) < 0 ? rated : best;
