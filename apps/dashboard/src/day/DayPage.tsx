import { inOrder, laneColor, laneOf, type Permit, type Upstream } from '@paceline/client';
import { budgetLabel, sentenceCase } from '@paceline/client/text';
import { laneNames } from '@paceline/shared/definition';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { count } from '@paceline/shared/words';
import { memo } from 'react';
import { api } from '../api/client.ts';
import { pollInterval, queryClient, reads, untilRefused } from '../api/reads.ts';
import { minute, useNow } from '../app/clock.tsx';
import { Loaded, Read, TableToggle } from '../parts/elements.tsx';
import { Legend, TimeChart } from '../parts/Chart.tsx';
import { readSince, layoutDay, mergePermits, type StripShape } from './layout.ts';
import './day.css';

export function DayPage() {
  const permits = useDay();
  return (
    <Read from={reads.upstreams}>
      {(upstreams) => (
        <Loaded query={permits}>{(data) => <Day permits={data} upstreams={upstreams} />}</Loaded>
      )}
    </Read>
  );
}

interface DayProps {
  readonly permits: readonly Permit[];
  /** Each of their budgets has a strip. */
  readonly upstreams: readonly Upstream[];
}

/** A pixel is about a minute, so once a minute is often enough to redraw. */
const Day = (props: DayProps) => <Strips {...props} now={useNow(minute) + minute} />;

const barY = 20;
const barHeight = 22;

const Strips = memo(function Strips({ permits, upstreams, now }: DayProps & { now: number }) {
  const budgets = upstreams.flatMap((upstream) => upstream.budgets.map(({ budget }) => budget));
  const { strips, calls, rejected } = layoutDay(permits, budgets, now, 1);
  const lanes = inOrder([...laneNames, ...permits.map(({ lane }) => lane)]);
  const laneLabels = lanes.map((lane) => sentenceCase(laneOf(lane).label));
  return (
    <>
      <p className="summary">
        {count(calls, 'call')} in the last 24 hours.{' '}
        {rejected === 0 ? (
          'None were rejected.'
        ) : (
          <span className="wrong">{rejected === 1 ? 'One was' : `${rejected} were`} rejected (429).</span>
        )}
      </p>
      <Legend lanes={lanes} />
      <section className="card" aria-label="The last 24 hours">
        <TimeChart
          label="Calls of the last 24 hours by rate limit; crosses mark rejected calls"
          layout={(width) => layoutDay(permits, budgets, now, width)}
        >
          {(shape, width) =>
            shape.strips.map((strip) => <Strip key={strip.budget} strip={strip} width={width} />)
          }
        </TimeChart>
        <TableToggle
          caption="Calls of the last 24 hours by rate limit and lane"
          columns={['Rate limit', ...laneLabels, 'Rejected']}
          numbers={[...laneLabels, 'Rejected']}
          rows={strips.map(({ budget, byLane, rejected: rejectedCalls }) => ({
            key: budget,
            cells: [budgetLabel(budget), ...lanes.map((lane) => byLane[lane] ?? 0), rejectedCalls],
          }))}
        />
      </section>
    </>
  );
});

const Strip = ({ strip: { budget, y, ticks, crosses }, width }: { strip: StripShape; width: number }) => (
  <g data-strip={budget}>
    <text className="row-text halo" y={y + 13}>
      {budgetLabel(budget)}
    </text>
    <rect className="strip" width={width} y={y + barY} height={barHeight} rx="3" />
    {ticks.map(({ x, lane }) => (
      <rect key={`${lane} ${x}`} fill={laneColor(lane)} x={x} width="1.5" y={y + barY} height={barHeight} />
    ))}
    {crosses.map(({ permitId, x }) => (
      <path key={permitId} className="cross" d={`M${x - 5} ${y + barY - 2}l10 10m0 -10l-10 10`} />
    ))}
  </g>
);

/** The permits of the last day. After the first read, only new and unfinished ones are read. */
const useDay = (): UseQueryResult<Permit[]> =>
  useQuery({
    queryKey: ['/v1/permits'],
    queryFn: async () => {
      const known = queryClient.getQueryData<Permit[]>(['/v1/permits']) ?? [];
      const [newer, { now }] = await Promise.all([
        api.all('GET /v1/permits', { query: { since: readSince(known) } }),
        api.call('GET /v1/clock'),
      ]);
      return mergePermits(known, newer, Date.parse(now));
    },
    refetchInterval: untilRefused<Permit[]>(() => pollInterval(5_000)),
    // Comparing thousands of unchanged permits would cost more than everything else.
    structuralSharing: false,
  });
