import { type CallReason, callReasons } from '@paceline/shared/contracts';
import { classOf } from './classes.ts';
import { type Goals, isWithinGoal } from './freshness.ts';
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

/** An event with the reason why its signups would be asked for. */
export interface Choice<Event extends Candidate = Candidate> {
  readonly event: Event;
  readonly because: CallReason;
}

/** A copy counts so many times its age when our riders are in it. */
const oursWeight = 3;
/** While the list shows what it showed then, a copy younger than this share of its goal is as good as a new one. */
const asGoodAsNew = 1 / 4;

/**
 * The events by what a call for each is worth, most first:
 * 1. about to start without a copy from its last minutes: ours before others, then by start;
 * 2. without a copy: by start;
 * 3. with a copy older than the goal of its class: ours before others, then by how many times the goal it is old;
 * 4. where the list shows another number than then: ours before others, then by start;
 * 5. the others, by the age of the copy.
 */
export function inOrderOfWorth<Event extends Candidate>(
  events: readonly Event[],
  goals: Goals,
  now: number,
): Choice<Event>[] {
  return events
    .map((event) => ({ event, because: reasonFor(event, goals, now) }))
    .map((choice) => ({ choice, worth: worthOf(choice, goals, now) }))
    .toSorted(
      (a, b) => compare(a.worth, b.worth) || (a.choice.event.eventId < b.choice.event.eventId ? -1 : 1),
    )
    .map(({ choice }) => choice);
}

/**
 * What is worth a call in a run, in order. A copy made in it, or shortly before with the list showing the same, can't
 * have changed enough; and what failed in it would fail again.
 */
export const worthCalling = (
  events: readonly Candidate[],
  run: { readonly startedAt: number; readonly failed: ReadonlySet<string> },
  goals: Goals,
  now: number,
): Choice[] =>
  inOrderOfWorth(
    events.filter(
      ({ eventId, signupsFetchedAt }) =>
        !isSince(signupsFetchedAt, run.startedAt) && !run.failed.has(eventId),
    ),
    goals,
    now,
  ).filter((choice) => !isAsGoodAsNew(choice, goals, now));

function isAsGoodAsNew({ event, because }: Choice, goals: Goals, now: number): boolean {
  const name = classOf(event.startsAt, now);
  if (because !== 'oldest_copy' || name === undefined) return false;
  return now - (event.signupsFetchedAt ?? 0) < asGoodAsNew * goals[name];
}

const isSince = (moment: number | null, start: number): boolean => moment !== null && moment >= start;

function reasonFor(event: Candidate, goals: Goals, now: number): CallReason {
  const { startsAt, signupsFetchedAt, signupsListedThen, listedSignups } = event;
  if (isUrgent(event, goals, now)) return 'about_to_start';
  if (signupsFetchedAt === null) return 'never_fetched';
  if (!isWithinGoal(signupsFetchedAt, startsAt, goals, now)) return 'older_than_goal';
  return listedSignups === signupsListedThen ? 'oldest_copy' : 'signups_changed';
}

/** Smaller goes first, number by number. */
function worthOf({ event, because }: Choice, goals: Goals, now: number): readonly number[] {
  const { startsAt, signupsFetchedAt, hasOurs } = event;
  const rank = callReasons.indexOf(because);
  const oursFirst = hasOurs ? 0 : 1;
  const age = now - (signupsFetchedAt ?? 0);
  switch (because) {
    case 'never_fetched':
      return [rank, startsAt];
    case 'older_than_goal':
      return [rank, oursFirst, -age / goals[classOf(startsAt, now) ?? 'far'], startsAt];
    case 'oldest_copy':
      return [rank, -age * (hasOurs ? oursWeight : 1), startsAt];
    default:
      return [rank, oursFirst, startsAt];
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  const different = a.findIndex((value, index) => value !== b[index]);
  return different < 0 ? 0 : (a[different] ?? 0) - (b[different] ?? 0);
}
