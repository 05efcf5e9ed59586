import type { Club, ResponseOf } from '@paceline/client';
import { agoText, dayOf, fetchedText, ratingText, untilText } from '@paceline/client/text';
import { count } from '@paceline/shared/words';
import { type TextStyle, table } from './look.ts';
import { section } from './team.ts';

type Member = ResponseOf<'GET /v1/clubs/{clubId}/members'>['items'][number];

export function clubsLines({ items }: ResponseOf<'GET /v1/clubs'>, now: number, look: TextStyle): string[] {
  if (items.length === 0) return ['No clubs found.'];
  const rows = items.map((club) => [
    String(club.clubId),
    club.name,
    String(club.members),
    `+${club.joined30}`,
    `−${club.left30}`,
    agoText(club.fetchedAt, now),
    nextRefresh(club, now),
  ]);
  return table(['club', 'name', 'members', 'joined', 'left', 'fetched', 'next'], rows, look).concat(
    look.paint.muted('Joined and left: in the last 30 days.'),
  );
}

const nextRefresh = ({ nextRefreshAt }: Club, now: number): string =>
  nextRefreshAt === null ? 'unknown or not planned' : untilText(nextRefreshAt, now);

export function clubPageLines(
  club: Club,
  members: readonly Member[],
  now: number,
  look: TextStyle,
): string[] {
  const { paint } = look;
  const rows = members.map(({ riderId, name, category, rating, joinedAt, leftAt, current }) => [
    String(riderId),
    name,
    category ?? '',
    ratingText(rating),
    `joined ${dayOf(joinedAt)}${current || leftAt === null ? '' : `, left ${dayOf(leftAt)}`}`,
  ]);
  return [
    `${paint.bold(club.name)}  ${paint.muted(String(club.clubId))}`,
    `${count(club.members, 'member')}; last 30 days: ${club.joined30} joined, ${club.left30} left`,
    paint.muted(`${fetchedText(club.fetchedAt, now)}, next: ${nextRefresh(club, now)}`),
    ...section('Members', rows, look, ['rider', 'name', 'category', 'rating', 'member']),
  ];
}
