import { type Failures, type TriggeredRun, kindColor, type Run, type RunDetail } from '@paceline/client';
import {
  duration,
  elapsed,
  hasFailed,
  outcome,
  sentenceCase,
  timeRange,
  withShownTimes,
} from '@paceline/client/text';
import { kindNames, kinds } from '@paceline/shared/definition';
import { useMutation } from '@tanstack/react-query';
import { count } from '@paceline/shared/words';
import { api } from '../api/client.ts';
import { reads, refresh } from '../api/reads.ts';
import { minute, second, useNow } from '../app/clock.tsx';
import type { PageProps } from '../app/pages.ts';
import { setQuery } from '../app/route.ts';
import { useTitle } from '../app/title.ts';
import { Button, ButtonGroup, Read, ErrorMessage, TableToggle, TableCard } from '../parts/elements.tsx';
import { Swatch, TimeChart } from '../parts/Chart.tsx';
import { DateTime, Time } from '../parts/time.tsx';
import { callText, layoutWaterfall } from './layout.ts';
import { RunProgress } from './RunProgress.tsx';

export const RunsPage = ({ id, query }: PageProps) =>
  id === undefined ? <Runs query={query} /> : <RunDetails id={id} />;

const states = {
  running: 'Running',
  done: 'Done',
  partly_failed: 'Partly failed',
  failed: 'Failed',
} as const satisfies Record<Run['state'], string>;
const stateNames = Object.keys(states) as Run['state'][];

function Runs({ query }: { query: URLSearchParams }) {
  const kind = kindNames.find((each) => each === query.get('kind'));
  const state = stateNames.find((each) => each === query.get('state'));
  return (
    <>
      <div className="toolbar">
        <ButtonGroup label="Sync kind">
          {[undefined, ...kindNames].map((each) => (
            <Button key={each ?? 'all'} aria-pressed={each === kind} onClick={() => setQuery({ kind: each })}>
              {each ? sentenceCase(kinds[each].label) : 'All kinds'}
            </Button>
          ))}
        </ButtonGroup>
        <ButtonGroup label="State">
          {[undefined, ...stateNames].map((each) => (
            <Button
              key={each ?? 'all'}
              aria-pressed={each === state}
              onClick={() => setQuery({ state: each })}
            >
              {each ? states[each] : 'All states'}
            </Button>
          ))}
        </ButtonGroup>
        {kind && (
          <StartRunButton start={() => api.call('POST /v1/syncs/{kind}/trigger', { path: { kind } })}>
            {`Run ${kinds[kind].label} now`}
          </StartRunButton>
        )}
      </div>
      <Read from={reads.runsOf(kind, state)}>{({ items }) => <RunTable runs={items} />}</Read>
      <h2>Failed in the last hour</h2>
      <Read from={reads.failures}>{(failures) => <FailureTable {...failures} />}</Read>
    </>
  );
}

function RunTable({ runs }: { runs: readonly Run[] }) {
  const now = useNow(second);
  if (runs.length === 0) return <p className="hint">No such runs yet.</p>;
  return (
    <TableCard
      columns={['Sync', 'Started', 'Duration', 'Result']}
      rows={runs.map((run) => ({
        key: run.runId,
        cells: [
          <a key="run" href={`#/runs/${run.runId}`}>
            <Swatch color={kindColor(run.kind)} />
            {sentenceCase(kinds[run.kind].label)}
          </a>,
          <Time key="started" at={run.startedAt} />,
          elapsed(run, now),
          run.state === 'running' ? (
            <RunProgress key="result" run={run} />
          ) : (
            <span key="result" className={hasFailed(run) ? 'wrong' : undefined}>
              {sentenceCase(outcome(run))}
            </span>
          ),
        ],
      }))}
    />
  );
}

function FailureTable({ items, complete }: Failures) {
  const now = useNow(minute);
  if (items.length === 0) return <p className="hint">Nothing failed.</p>;
  return (
    <>
      <TableCard
        columns={['Time', 'Failed', 'Reason']}
        rows={items.map(({ at, what, reason, runId, program }, index) => ({
          key: `${at} ${index}`,
          cells: [
            <Time key="time" at={at} />,
            runId === null ? (
              sentenceCase(program === null ? what : `${what}, called by ${program}`)
            ) : (
              <a href={`#/runs/${runId}`}>{sentenceCase(what)}</a>
            ),
            <span key="reason" className="wrong">
              {withShownTimes(reason, now)}
            </span>,
          ],
        }))}
      />
      {!complete && <p className="hint">Only the newest {items.length} are shown.</p>}
    </>
  );
}

function RunDetails({ id }: { id: string }) {
  return (
    <>
      <p>
        <a href="#/runs">All runs</a>
      </p>
      <Read from={reads.run(id)} notFound="A requested run appears here as soon as it starts.">
        {(data) => <Details run={data} />}
      </Read>
    </>
  );
}

function Details({ run }: { run: RunDetail }) {
  const now = useNow(second);
  const { opensAt: opens, closesAt: closes } = run.slot;
  const color = kindColor(run.kind);
  useTitle(sentenceCase(kinds[run.kind].label));
  return (
    <>
      <p className="summary">
        <Swatch color={color} />
        Started <DateTime at={run.startedAt} />
      </p>
      {run.state === 'running' ? (
        <RunProgress run={run} />
      ) : (
        <p className={hasFailed(run) ? 'wrong' : undefined}>{sentenceCase(outcome(run))}</p>
      )}
      <p className="hint">
        Slot {timeRange(opens, closes)} · {run.state === 'running' ? 'running for' : 'took'}{' '}
        {elapsed(run, now)} · {count(run.calls.length, 'call')}
      </p>
      {run.state !== 'running' &&
        (run.counts.failed > 0 || run.counts.deferred > 0 || run.reason !== null) && (
          <p>
            <StartRunButton
              start={() => api.call('POST /v1/runs/{runId}/retry', { path: { runId: run.runId } })}
            >
              Retry failed and deferred items
            </StartRunButton>
          </p>
        )}
      {run.traceId !== null && (
        <p className="hint trace">
          Trace {run.traceUrl === null ? run.traceId : <a href={run.traceUrl}>{run.traceId}</a>}
        </p>
      )}
      <UnreadableItems run={run} />
      <Calls run={run} now={now} color={color} />
    </>
  );
}

function UnreadableItems({ run }: { run: RunDetail }) {
  const items = run.calls.flatMap(({ callId: call, target, unreadable }) =>
    unreadable.map((item, index) => ({ ...item, target, key: `${call}:${index}` })),
  );
  if (items.length === 0) return null;
  return (
    <section aria-label="Unreadable items">
      <h2>Unreadable items</h2>
      <p className="hint">Skipped, and kept as they were stored before.</p>
      <TableCard
        columns={['Id', 'Response for', 'Reason']}
        rows={items.map(({ key, id, target, reason }) => ({ key, cells: [id ?? 'no id', target, reason] }))}
      />
    </section>
  );
}

function Calls({ run, now, color }: { run: RunDetail; now: number; color: string }) {
  return (
    <section className="card" aria-label="Calls">
      {run.calls.length === 0 && <p className="hint">No calls yet.</p>}
      <TimeChart
        label="The calls of the run, each after its wait for a permit"
        layout={(width) => layoutWaterfall(run, now, width)}
      >
        {({ rows }) =>
          rows.map(({ callId, y, waitX, startX, endX, isFailed, text, utc }) => (
            <g key={callId} fill={isFailed ? 'var(--wrong)' : color}>
              <title>{utc}</title>
              <text className={`row-text halo ${isFailed ? 'wrong-text' : ''}`} x="0" y={y + 13}>
                {text}
              </text>
              <rect className="waited" x={waitX} width={startX - waitX} y={y + 21} height="4" rx="2" />
              <rect x={startX} width={endX - startX} y={y + 18} height="10" rx="2" />
            </g>
          ))
        }
      </TimeChart>
      <p className="hint">Thin bar: waiting for a permit. Thick bar: the call.</p>
      <TableToggle
        caption="The calls of the run, oldest first"
        columns={['Started', 'Duration', 'Call']}
        rows={run.calls.map((call) => ({
          key: String(call.callId),
          cells: [
            <Time key="started" at={call.startedAt} />,
            duration(call.durationSeconds * 1_000),
            callText(call),
          ],
        }))}
        emptyText="No calls yet."
      />
    </section>
  );
}

function StartRunButton({ start, children }: { start: () => Promise<TriggeredRun>; children: string }) {
  const request = useMutation({
    mutationFn: start,
    async onSuccess({ runId, reason }) {
      await refresh('/v1/runs');
      // The run has no page until it starts.
      if (reason === null) location.hash = `#/runs/${runId}`;
    },
  });
  return (
    <>
      <Button inactive={request.isPending} onClick={() => request.mutate()}>
        {children}
      </Button>
      <ErrorMessage error={request.error} />
      {request.data && request.data.reason !== null && (
        <p className="wrong" role="alert">
          Accepted, but not started: {request.data.reason}.
        </p>
      )}
    </>
  );
}
