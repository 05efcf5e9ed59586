import { type Part, projectTime } from '@paceline/client';
import { apiDown } from '@paceline/client/text';
import { apiDownSince, useStore } from '../api/client.ts';
import { reads, useRead } from '../api/reads.ts';
import { DateTime } from '../parts/time.tsx';
import { useClockIfKnown } from './clock.tsx';

/** At the head of every page: which part is down, since when, and what to do; and what a power cut can lose. */
export function DownParts() {
  const { data } = useRead(reads.health);
  const clock = useClockIfKnown();
  const since = useStore(apiDownSince);
  if (since !== undefined) {
    const at = clock ? new Date(projectTime(clock, since)).toISOString() : null;
    return <Banner part="api" since={at} {...apiDown} />;
  }
  const down = data?.parts.filter(({ state }) => state === 'down') ?? [];
  const risk = data?.durability;
  return (
    <>
      {down.map((part) => (
        <Banner key={part.part} {...part} />
      ))}
      {risk && risk.title !== null && (
        <p className="banner" data-durability={risk.sync}>
          <strong>{risk.title}</strong>. {risk.reason} {risk.advice}
        </p>
      )}
    </>
  );
}

type BannerProps = Pick<Part, 'title' | 'since' | 'reason' | 'advice'> & { readonly part: string };

const Banner = ({ part, title, since, reason, advice }: BannerProps) => (
  <p className="banner" role="alert" data-part={part}>
    <strong>{title}</strong>
    {since !== null && (
      <>
        {' '}
        since <DateTime at={since} />
      </>
    )}
    . {reason} {advice}
  </p>
);
