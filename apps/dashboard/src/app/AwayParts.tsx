import { dayAndTime } from '@paceline/client/text';
import { reads, useRead } from '../api/reads.ts';

/** At the head of every page: which part is away, since when, and what to do. */
export function AwayParts() {
  const { data } = useRead(reads.health);
  const away = data?.parts.filter(({ state }) => state === 'away') ?? [];
  return away.map(({ part, title, since, why, todo }) => (
    <p key={part} className="banner" role="alert" data-part={part}>
      <strong>{title}</strong>
      {since !== null && ` since ${dayAndTime(since)}`}. {why} {todo}
    </p>
  ));
}
