import { dayAndTime } from '@paceline/client/text';
import { reads, useRead } from '../api/reads.ts';

/** At the head of every page: which part is down, since when, and what to do; and what a power cut can lose. */
export function DownParts() {
  const { data } = useRead(reads.health);
  const down = data?.parts.filter(({ state }) => state === 'down') ?? [];
  const risk = data?.durability;
  return (
    <>
      {down.map(({ part, title, since, why, todo }) => (
        <p key={part} className="banner" role="alert" data-part={part}>
          <strong>{title}</strong>
          {since !== null && ` since ${dayAndTime(since)}`}. {why} {todo}
        </p>
      ))}
      {risk && risk.title !== null && (
        <p className="banner" data-durability={risk.sync}>
          <strong>{risk.title}</strong>. {risk.why} {risk.todo}
        </p>
      )}
    </>
  );
}
