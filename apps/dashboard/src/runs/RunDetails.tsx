import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client.ts';
import type { RunDetail } from '../api/shapes.ts';
import { colourOf, laneOf } from '../palette.ts';
import { Axis } from '../parts/Axis.tsx';
import { Loaded } from '../parts/Loading.tsx';
import { Picture } from '../parts/Picture.tsx';
import { TableBehind } from '../parts/TableBehind.tsx';
import { useNow } from '../time/clock.ts';
import { clockTime, dayOf, length } from '../time/words.ts';
import { AskRun } from './AskRun.tsx';
import { callWords, layoutWaterfall } from './layout.ts';
import { kindWords, lasted, outcome } from './words.ts';

/** One run: its calls, what each waited for its permit, how long it took, and why it was made. */
export function RunDetails({ id }: { id: string }) {
  const path = `/v1/runs/${id}`;
  const run = useQuery({
    queryKey: [path],
    queryFn: () => get<RunDetail>(path),
    // One that was just asked for is not found until it is taken up.
    refetchInterval: ({ state: { data } }) => (data && data.state !== 'running' ? false : 1_500),
  });
  return (
    <>
      <p>
        <a href="#/runs">All runs</a>
      </p>
      <Loaded query={run}>{(data) => <Details run={data} />}</Loaded>
    </>
  );
}

const axisHeight = 22;
const barY = 18;
const barHeight = 10;

function Details({ run }: { run: RunDetail }) {
  const now = useNow();
  const { height } = layoutWaterfall(run, now, 1);
  const [opens, closes] = [Date.parse(run.slot.scheduledFor), Date.parse(run.slot.endsAt)];
  const colour = colourOf(laneOf[run.kind]);
  return (
    <>
      <h2>
        <span className="swatch" style={{ background: colour }} />
        Sync of {kindWords[run.kind]}, {dayOf(opens)} {clockTime(opens)}
      </h2>
      <p className={run.state === 'failed' ? 'wrong' : undefined}>{outcome(run)}</p>
      <p className="hint">
        Its slot: {clockTime(opens)} to {clockTime(closes)}.{' '}
        {run.state === 'running' ? 'It has run for' : 'It ran for'} {lasted(run, now)} and made{' '}
        {run.calls.length} {run.calls.length === 1 ? 'call' : 'calls'}.
      </p>
      {run.state !== 'running' &&
        (run.counts.failed > 0 || run.counts.deferred > 0 || run.error !== null) && (
          <p>
            <AskRun path={`/v1/runs/${run.id}/retry`}>Try again what is left</AskRun>
          </p>
        )}
      {run.traceId !== null && (
        <p className="hint trace">
          trace {run.traceUrl === null ? run.traceId : <a href={run.traceUrl}>{run.traceId}</a>}
        </p>
      )}
      <section className="card" aria-label="Calls">
        {run.calls.length === 0 && <p className="hint">No call yet.</p>}
        <Picture label="The calls of the run, each with its wait before it" height={height + axisHeight}>
          {(width) => {
            const { axis, rows } = layoutWaterfall(run, now, width);
            return (
              <>
                <Axis axis={axis} width={width} y={height + axisHeight - 4} />
                {rows.map(({ id, y, waitX, startX, endX, wrong, words }) => (
                  <g key={id} fill={wrong ? 'var(--wrong)' : colour}>
                    <text
                      className={wrong ? 'row-words halo wrong-words' : 'row-words halo'}
                      x="0"
                      y={y + 13}
                    >
                      {words}
                    </text>
                    <rect
                      className="waited"
                      x={waitX}
                      width={startX - waitX}
                      y={y + barY + 3}
                      height={barHeight - 6}
                      rx="2"
                    />
                    <rect x={startX} width={endX - startX} y={y + barY} height={barHeight} rx="2" />
                  </g>
                ))}
              </>
            );
          }}
        </Picture>
        <p className="hint">Thin: waits for its permit. Solid: the call.</p>
        <TableBehind
          caption="The calls of the run, oldest first"
          columns={['Begun', 'Took', 'Call']}
          rows={run.calls.map((call) => ({
            key: String(call.id),
            cells: [clockTime(Date.parse(call.startedAt)), length(call.durationMs), callWords(call)],
          }))}
          none="No call yet."
        />
      </section>
    </>
  );
}
