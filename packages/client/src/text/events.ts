import { classOf, eventKindOf, kinds } from '@paceline/shared/definition';
import { count } from '@paceline/shared/words';
import type { Event, Result } from '../generated.ts';
import { type NextCall, planText } from './calls.ts';
import { agoText, countdown, duration, sentenceCase, timeNear } from './time.ts';

/**
 * How old the signups of an event are, how old they may be, and when they are fetched next.
 * @param now project ms @param call its first call of the plan, or why it has none
 */
export function refreshText(
  {
    startsAt,
    delistedAt,
    signupsFetchedAt,
    freshness,
  }: Pick<Event, 'startsAt' | 'delistedAt' | 'signupsFetchedAt' | 'freshness'>,
  now: number,
  call?: NextCall,
): string {
  const copy =
    signupsFetchedAt === null
      ? 'Signups not fetched yet'
      : `Signups fetched ${agoText(signupsFetchedAt, now)}`;
  if (Date.parse(startsAt) <= now) return `${copy}. Events that have started are no longer fetched.`;
  if (delistedAt !== null) return `${copy}. ZwiftRacing no longer lists the event, so it is not fetched.`;
  const { class: name, goalSeconds, withinGoal, nextRefreshAt } = freshness;
  if (name === null) return `${copy}. They are kept fresh from two days before the start.`;
  const goal = goalSeconds === null ? '' : `, goal: at most ${duration(goalSeconds * 1_000)} old`;
  const late = withinGoal === false ? ' (not met)' : '';
  if (isFetchedForStart(freshness)) return `${copy}${goal}. They are fresh enough for the start.`;
  const next = call ? `${sentenceCase(planText(call, now))}.` : nextRefreshText(startsAt, nextRefreshAt, now);
  return `${copy}${goal}${late}. ${next}`;
}

/** Whether an event that is about to start needs no more refresh. */
export const isFetchedForStart = ({
  class: name,
  withinGoal,
  nextRefreshAt,
}: Pick<Event['freshness'], 'class' | 'withinGoal' | 'nextRefreshAt'>): boolean =>
  name === 'urgent' && withinGoal === true && nextRefreshAt === null;

function nextRefreshText(startsAt: string, at: string | null, now: number): string {
  if (at === null) return 'Next refresh unknown or not planned.';
  const time = Date.parse(at);
  if (time <= now) return 'They are fetched now, before all other calls, because it is about to start.';
  const start = Date.parse(startsAt);
  const kind = classOf(start, time) === 'urgent' ? undefined : eventKindOf(start, time);
  const name = kind === undefined ? 'refresh' : kinds[kind].label;
  return `Next ${name}: ${timeNear(at, now)} (in ${countdown(time - now)}).`;
}

/** `52 signups, 3 withdrawn; last 24 hours: 12 joined, 2 withdrew` */
export function signupsText({ signups }: Pick<Event, 'signups'>): string {
  const { listed, current, withdrawn, lastDay } = signups;
  const gone = (withdrawn ?? 0) > 0 ? `, ${withdrawn} withdrawn` : '';
  const changes = [
    lastDay.joined > 0 && `${lastDay.joined} joined`,
    lastDay.withdrawn > 0 && `${lastDay.withdrawn} withdrew`,
  ].filter((change) => change !== false);
  const lately = changes.length === 0 ? '' : `; last 24 hours: ${changes.join(', ')}`;
  return `${count(current ?? listed, 'signup')}${gone}${lately}`;
}

/** `Race · Scratch · 21.8 km` */
export const eventFacts = ({
  type,
  subType,
  distance,
}: Pick<Event, 'type' | 'subType' | 'distance'>): string =>
  [type, subType, distance && distanceText(distance)].filter(Boolean).join(' · ');

/** Upstream gives most distances in metres and some in kilometres; no race is shorter than 1 km. */
const distanceText = (distance: number): string =>
  `${(distance >= 1_000 ? distance / 1_000 : distance).toFixed(1)} km`;

/** `1`, `DNF` (did not finish), `removed`; `–` for a finisher whose place is unknown. */
export function placeText({ removed, finished, positionInPen }: Result): string {
  if (removed) return 'removed';
  return finished ? String(positionInPen ?? '–') : 'DNF';
}

/** `25:06.5`, `1:02:06.4` */
export function raceTime(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const [hours, minutes] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60];
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

/** `+26.7`, `−12.3`, `0.0` */
export function signed(value: number, digits = 1): string {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value > 0 ? '+' : '−'}${text}`;
}

/** A rounded rating; `–` if there is none. */
export const ratingText = (rating: number | null): string =>
  rating === null ? '–' : String(Math.round(rating));

const resultsStates = {
  none_yet: 'No results yet',
  unrated: 'Results without ratings',
  rated: 'Rated results',
  given_up: 'No results, no longer requested',
};

/** Whether there are results, and what kind. */
export const resultsText = ({ state }: Pick<Event['results'], 'state'>): string =>
  state === null ? 'Results not requested yet' : resultsStates[state];
