import type { Event, EventDetail, Freshness, ResponseOf, Result, Results, Signup } from '@paceline/client';
import {
  dayAndTime,
  dayOf,
  eventFacts,
  agoText,
  freshEndText,
  isPlanned,
  reasonText,
  shortTimeNear,
  fromNow,
  untilText,
  placeText,
  raceTime,
  ratingText,
  refreshText,
  resultsText,
  shortTime,
  signupsText,
  timeNear,
} from '@paceline/client/text';
import { type TextStyle, table, wrap } from './look.ts';
import { changedRating, restLine, section } from './team.ts';

type NextCall = Freshness['nextCalls'][number];

export interface EventPage {
  readonly event: EventDetail;
  /** Its first call of the plan, or why it has none; undefined when its signups need none soon. */
  readonly call: NextCall | undefined;
  readonly signups: readonly Signup[];
  readonly results: Results;
}

export function eventsLines(
  { items, total }: ResponseOf<'GET /v1/events'>,
  calls: readonly NextCall[],
  now: number,
  look: TextStyle,
): string[] {
  if (items.length === 0) return ['No events found.'];
  const rows = items.map((event) => [
    event.eventId,
    `${dayOf(event.startsAt)} ${shortTime(event.startsAt)}`,
    fromNow(event.startsAt, now),
    event.title,
    { text: event.ours === 0 ? '' : String(event.ours), paint: look.paint.bold },
    String(event.signups.current ?? event.signups.listed),
    event.signupsFetchedAt === null ? 'never' : agoText(event.signupsFetchedAt, now),
    nextText(
      event,
      calls.find(({ eventId }) => eventId === event.eventId),
      now,
    ),
  ]);
  const head = ['event', 'starts', '', 'title', 'ours', 'signups', 'fetched', 'next'];
  return [...table(head, rows, look), ...restLine(items.length, total, 'event')];
}

/** When the signups are fetched next, `now` when they are due; or why they wait. */
function nextText(
  { freshness: { nextRefreshAt: at } }: Event,
  call: NextCall | undefined,
  now: number,
): string {
  if (call && isPlanned(call))
    return `${shortTimeNear(call.plannedAt, now)}, fresh until ${freshEndText(call, now)}`;
  return call ? reasonText(call.reason) : at === null ? '' : untilText(at, now);
}

/** @param all whether to list every rider, or only ours */
export function eventPageLines(
  { event, call, signups, results }: EventPage,
  all: boolean,
  now: number,
  look: TextStyle,
): string[] {
  const { paint, width } = look;
  const isShown = ({ ours }: { ours: boolean }) => all || ours;
  const current = signups.filter((each) => !each.withdrawn && isShown(each));
  const withdrawn = signups
    .filter((each) => each.withdrawn && isShown(each))
    .toSorted((one, other) => (other.withdrawnAt ?? '').localeCompare(one.withdrawnAt ?? ''));
  const facts = eventFacts(event);
  return [
    `${paint.bold(event.title)}  ${paint.muted(event.eventId)}`,
    `${dayAndTime(event.startsAt)} UTC (${fromNow(event.startsAt, now)})${facts === '' ? '' : `  ${facts}`}`,
    `${signupsText(event)}; ours: ${event.ours}`,
    ...wrap(refreshText(event, now, call), width).map(paint.muted),
    ...section('Pens', penRows(event), look, ['pen', 'signups', 'withdrawn', 'ours', 'average rating']),
    ...section(
      all ? 'Signups' : 'Our signups',
      current.map((each) => [...riderCells(each, look), `since ${timeNear(each.firstSeenAt, now)}`]),
      look,
    ),
    ...section(
      all ? 'Withdrawn' : 'Our riders who withdrew',
      withdrawn.map((each) => [...riderCells(each, look), withdrawnText(each, now)]),
      look,
    ),
    ...resultLines(results, isShown, look),
  ];
}

const penRows = ({ pens }: EventDetail): string[][] =>
  pens.map(({ pen, current, withdrawn, ours, avgRating }) => [
    pen,
    String(current),
    String(withdrawn),
    String(ours),
    ratingText(avgRating),
  ]);

type Person = Pick<Signup, 'riderId' | 'name' | 'pen' | 'rating' | 'ours' | 'club'>;

const riderCells = ({ riderId, name, pen, rating, ours, club }: Person, { paint }: TextStyle) => [
  pen,
  String(riderId),
  ours ? { text: name, paint: paint.bold } : name,
  club?.name ?? '',
  ratingText(rating),
];

const withdrawnText = ({ withdrawnAt }: Signup, now: number): string =>
  withdrawnAt === null ? 'withdrew' : `withdrew ${timeNear(withdrawnAt, now)} (${agoText(withdrawnAt, now)})`;

function resultLines(results: Results, isShown: (result: Result) => boolean, look: TextStyle): string[] {
  const shown = results.items.filter(isShown);
  if (results.items.length === 0) return results.state === null ? [] : ['', resultsText(results)];
  if (shown.length === 0) return ['', 'None of our riders are in the results; --all lists everyone.'];
  const rows = shown.map((each) => [
    each.pen ?? '',
    placeText(each),
    String(each.riderId),
    each.ours ? { text: each.name, paint: look.paint.bold } : each.name,
    each.club?.name ?? '',
    each.seconds === null ? '' : raceTime(each.seconds),
    each.gapSeconds === null || each.gapSeconds === 0 ? '' : `+${raceTime(each.gapSeconds)}`,
    changedRating(each),
  ]);
  return section('Results', rows, look, ['pen', 'place', 'rider', 'name', 'club', 'time', 'gap', 'rating']);
}
