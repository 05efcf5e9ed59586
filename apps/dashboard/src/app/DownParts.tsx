import { dayAndTime } from '@paceline/client/text';
import { reads, useRead } from '../api/reads.ts';

/** At the head of every page: which part is down, since when, and what to do. */
export function DownParts() {
  const { data } = useRead(reads.health);
  const down = data?.parts.filter(({ state }) => state === 'down') ?? [];
  return down.map(({ part, title, since, why, todo }) => (
    <p key={part} className="banner" role="alert" data-part={part}>
      <strong>{title}</strong>
      {since !== null && ` since ${dayAndTime(since)}`}. {why} {todo}
    </p>
  ));
}
