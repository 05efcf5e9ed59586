import { classNames } from '@paceline/shared/definition';
import { type ClassFreshness, type FreshnessMeasured, type RankedEvent } from '@paceline/shared/contracts';
import { type Candidate, inOrderOfWorth } from './choose.ts';
import { classOf } from './classes.ts';
import { type Freshness, freshnessOf, type Goals, isWithinGoal, shareOf, type Watched } from './freshness.ts';

/** An event of the last day, and whether our riders were in our copy of its signups. */
export interface WatchedEvent extends Watched {
  readonly hasOurs: boolean;
}

export interface Titled extends Candidate {
  readonly title: string;
}

const day = 86_400_000;

/**
 * How fresh our copies are, against the goals.
 * @param coming every event that is listed and starts within two days
 * @param watched every event that was listed within the last day
 */
export function measure(
  coming: readonly Candidate[],
  watched: readonly WatchedEvent[],
  goals: Goals,
  now: number,
): FreshnessMeasured {
  const span = { from: now - day, until: now };
  const all = freshnessOf(watched, goals, span);
  const ours = freshnessOf(
    watched.filter(({ hasOurs }) => hasOurs),
    goals,
    span,
  );
  const classes = classNames.map((name): ClassFreshness => {
    const events = coming.filter(({ startsAt }) => classOf(startsAt, now) === name);
    const within = events.filter(({ signupsFetchedAt, startsAt }) =>
      isWithinGoal(signupsFetchedAt, startsAt, goals, now),
    );
    return {
      class: name,
      goalMs: goals[name],
      events: events.length,
      ours: countOurs(events),
      within: within.length,
      oursWithin: countOurs(within),
      lastDay: shareOrNone(all[name]),
      oursLastDay: shareOrNone(ours[name]),
    };
  });
  return { at: Math.round(now), classes };
}

/** The events that calls would be made for next, in that order, each with its reason. */
export const nextOf = (coming: readonly Titled[], goals: Goals, now: number): RankedEvent[] =>
  inOrderOfWorth(coming, goals, now).flatMap(({ event, because }) => {
    const { eventId, title, startsAt, hasOurs, signupsFetchedAt } = event;
    const name = classOf(startsAt, now);
    if (name === undefined) return [];
    const withinGoal = isWithinGoal(signupsFetchedAt, startsAt, goals, now);
    return [
      {
        eventId,
        title,
        startsAt,
        class: name,
        ours: hasOurs,
        copiedAt: signupsFetchedAt,
        withinGoal,
        because,
      },
    ];
  });

const countOurs = (events: readonly Candidate[]): number => events.filter(({ hasOurs }) => hasOurs).length;

const shareOrNone = (freshness: Freshness): number | null =>
  freshness.total === 0 ? null : shareOf(freshness);
