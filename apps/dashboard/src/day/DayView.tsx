import { laneColor, type Permit } from '@paceline/client';
import { budgets, laneNames, lanes } from '@paceline/shared/definition';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { memo } from 'react';
import { api } from '../api/client.ts';
import { paced, queryClient } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Loaded, TableBehind } from '../parts/elements.tsx';
import { Legend, TimePicture } from '../parts/Picture.tsx';
import { askFrom, layoutDay, mergePermits, type StripShape } from './layout.ts';
import './day.css';

export function DayView() {
  const permits = useDay();
  return <Loaded query={permits}>{(data) => <Day permits={data} />}</Loaded>;
}

const minute = 60_000;

/** A pixel is about a minute: it is not redrawn more often than that. */
const Day = ({ permits }: { permits: readonly Permit[] }) => (
  <Strips permits={permits} now={Math.ceil(useNow() / minute) * minute} />
);

const barY = 20;
const barHeight = 22;

const Strips = memo(function Strips({ permits, now }: { permits: readonly Permit[]; now: number }) {
  const { strips } = layoutDay(permits, now, 1);
  const calls = strips.reduce((sum, strip) => sum + strip.calls, 0);
  const rejected = strips.reduce((sum, strip) => sum + strip.rejected, 0);
  return (
    <>
      <p className="summary">
        {calls} {calls === 1 ? 'call' : 'calls'} in the last 24 hours.{' '}
        {rejected === 0 ? (
          'None was rejected.'
        ) : (
          <span className="wrong">{rejected === 1 ? 'One was' : `${rejected} were`} rejected (429).</span>
        )}
      </p>
      <Legend />
      <section className="card" aria-label="The last 24 hours">
        <TimePicture
          label="Calls of the last 24 hours by window, with a cross where one was rejected"
          layout={(width) => layoutDay(permits, now, width)}
        >
          {(shape, width) =>
            shape.strips.map((strip) => <Strip key={strip.budget} strip={strip} width={width} />)
          }
        </TimePicture>
        <TableBehind
          caption="Calls of the last 24 hours by window and lane"
          columns={['Window', ...laneNames.map((lane) => lanes[lane].label), 'Rejected']}
          rows={strips.map(({ budget, byLane, rejected: crossed }) => ({
            key: budget,
            cells: [budgets[budget].label, ...laneNames.map((lane) => byLane[lane] ?? 0), crossed],
          }))}
        />
      </section>
    </>
  );
});

const Strip = ({ strip: { budget, y, ticks, crosses }, width }: { strip: StripShape; width: number }) => (
  <g data-strip={budget}>
    <text className="row-words halo" y={y + 13}>
      {budgets[budget].label}
    </text>
    <rect className="strip" width={width} y={y + barY} height={barHeight} rx="3" />
    {ticks.map(({ x, lane }) => (
      <rect key={`${lane} ${x}`} fill={laneColor(lane)} x={x} width="1.5" y={y + barY} height={barHeight} />
    ))}
    {crosses.map(({ permit, x }) => (
      <path key={permit} className="cross" d={`M${x - 5} ${y + barY - 2}l10 10m0 -10l-10 10`} />
    ))}
  </g>
);

/** The permits of the last day. All are asked for once, and then those that are new or had not ended. */
const useDay = (): UseQueryResult<Permit[]> =>
  useQuery({
    queryKey: ['/v1/permits'],
    queryFn: async () => {
      const known = queryClient.getQueryData<Permit[]>(['/v1/permits']) ?? [];
      const [found, { now }] = await Promise.all([
        api.all('GET /v1/permits', { query: { since: askFrom(known) } }),
        api.call('GET /v1/clock'),
      ]);
      return mergePermits(known, found, Date.parse(now));
    },
    refetchInterval: () => paced(5_000),
    // Thousands that hardly change: to compare them all would be the most of the work.
    structuralSharing: false,
  });
