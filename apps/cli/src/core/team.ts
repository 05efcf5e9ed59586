import type { Command, ResponseOf, Rider, RiderChange, RiderDetail } from '@paceline/client';
import {
  dayAndTime,
  dayOf,
  duration,
  fetchedText,
  ftpText,
  numberText,
  placeText,
  raceTime,
  racesText,
  ratingText,
  shortTime,
  signed,
} from '@paceline/client/text';
import { count } from '@paceline/shared/words';
import { requestRows } from './requests.ts';
import { type TextStyle, table, wrap } from './look.ts';

type Upcoming = ResponseOf<'GET /v1/riders/{riderId}/events'>['items'];
type PastResults = ResponseOf<'GET /v1/riders/{riderId}/results'>['items'];

export interface RiderPage {
  readonly rider: RiderDetail;
  /** Newest first. */
  readonly history: readonly RiderChange[];
  readonly events: Upcoming;
  readonly results: PastResults;
  readonly requests: readonly Command[];
}

/** `20 of 214 riders`, when a list is cut. */
export const restLine = (shown: number, total: number, thing: string): string[] =>
  shown < total ? [`${shown} of ${count(total, thing)}; --limit shows more.`] : [];

export function ridersLines(
  { items, total }: ResponseOf<'GET /v1/riders'>,
  now: number,
  look: TextStyle,
): string[] {
  if (items.length === 0) return ['No riders found.'];
  const rows = items.map((rider) => [
    String(rider.riderId),
    rider.name,
    rider.club?.name ?? '',
    rider.category ?? '',
    ratingText(rider.rating),
    ratingText(rider.ratingMax30),
    ratingText(rider.ratingMax90),
    numberText(rider.weightKg, 'kg', 1),
    numberText(rider.zpFtp, 'W'),
    ageOf(rider, now),
  ]);
  const head = ['rider', 'name', 'club', 'category', 'rating', '30 days', '90 days', 'weight', 'FTP', 'age'];
  return [...table(head, rows, look), ...restLine(items.length, total, 'rider')];
}

const ageOf = ({ fetchedAt }: Pick<Rider, 'fetchedAt'>, now: number): string =>
  duration(Math.max(0, now - Date.parse(fetchedAt)));

export function riderPageLines(
  { rider, history, events, results, requests }: RiderPage,
  now: number,
  look: TextStyle,
): string[] {
  const { paint, width } = look;
  return [
    `${paint.bold(rider.name)}  ${paint.muted(String(rider.riderId))}`,
    ...wrap(numbersOf(rider), width),
    ...wrap(racesText(rider), width),
    ...wrap(clubsOf(rider), width),
    paint.muted(fetchedText(rider.fetchedAt, now)),
    ...section('Best efforts', powerRows(rider), look),
    ...section('History', historyRows(history), look, ['since', 'rating', 'weight', 'FTP']),
    ...section('Coming events', events.map(eventRow), look, ['event', 'starts', 'title', 'pen']),
    ...section('Results', results.map(resultRow), look, [
      'event',
      'started',
      'title',
      'pen',
      'place',
      'time',
      'rating',
    ]),
    ...section('Requests', requestRows(requests, now, look), look, ['request', 'at', 'for', 'status']),
  ];
}

/** `Diamond, rating 1804 (30 days: 1812, 90 days: 1830), 62.5 kg, FTP 280 W, 4.5 W/kg` */
function numbersOf(rider: RiderDetail): string {
  const { category, rating, ratingMax30, ratingMax90, weightKg, zpCategory, ageGroup, country } = rider;
  const peaks =
    ratingMax30 === null && ratingMax90 === null
      ? ''
      : ` (30 days: ${ratingText(ratingMax30)}, 90 days: ${ratingText(ratingMax90)})`;
  const parts = [
    category,
    rating === null ? 'not rated' : `rating ${ratingText(rating)}${peaks}`,
    weightKg === null ? null : numberText(weightKg, 'kg', 1),
    rider.zpFtp === null ? null : `FTP ${ftpText(rider)}`,
    zpCategory === null ? null : `ZwiftPower ${zpCategory}`,
    ageGroup,
    country?.toUpperCase() ?? null,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

function clubsOf({ clubs, club }: RiderDetail): string {
  const texts = clubs.map(({ clubId, name, joinedAt, leftAt, current }) => {
    const until = current || leftAt === null ? '' : ` until ${dayOf(leftAt)}`;
    return `${name ?? 'Club'} (${clubId}) since ${dayOf(joinedAt)}${until}`;
  });
  if (texts.length > 0) return texts.join(', ');
  return club === null ? 'No club' : `${club.name ?? 'Club'} (${club.clubId})`;
}

const powerRows = ({ power }: RiderDetail): string[][] =>
  power.map(({ name, watts, perKg }) => [name, numberText(watts, 'W'), numberText(perKg, 'W/kg', 1)]);

/** The changes; `raw` differs in more than these numbers, so equal neighbours are one line. */
function historyRows(history: readonly RiderChange[]): string[][] {
  const rows = history.map(({ recordedAt, rating, weightKg, zpFtp }) => [
    dayAndTime(recordedAt).slice(0, -3),
    ratingText(rating),
    numberText(weightKg, 'kg', 1),
    numberText(zpFtp, 'W'),
  ]);
  const numbers = (row: string[] | undefined) => row?.slice(1).join();
  return rows.filter((row, index) => numbers(row) !== numbers(rows[index + 1]));
}

const eventRow = ({ eventId, startsAt, title, signup }: Upcoming[number]): string[] => [
  eventId,
  `${dayOf(startsAt)} ${shortTime(startsAt)}`,
  title,
  signup.withdrawn ? `${signup.pen}, withdrawn` : signup.pen,
];

const resultRow = (result: PastResults[number]): string[] => [
  result.eventId,
  dayOf(result.startsAt),
  result.title,
  result.pen ?? '',
  placeText(result),
  result.seconds === null ? '' : raceTime(result.seconds),
  changedRating(result),
];

/** `1804 (+13.4)` */
export const changedRating = ({
  rating,
  ratingDelta,
}: Pick<PastResults[number], 'rating' | 'ratingDelta'>): string =>
  ratingDelta === null ? ratingText(rating) : `${ratingText(rating)} (${signed(ratingDelta)})`;

/** A titled table; nothing when it has no rows. */
export const section = (
  title: string,
  rows: Parameters<typeof table>[1],
  look: TextStyle,
  head: readonly string[] = [],
): string[] => (rows.length === 0 ? [] : ['', look.paint.bold(title), ...table(head, rows, look)]);
