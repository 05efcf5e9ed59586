import { type TriggeredRun, kindColor, type Run, type RunDetail, type SyncKind } from '@paceline/client';
import { clockTime, dayAndTime, dayOf, duration, elapsed, outcome } from '@paceline/client/text';
import { kindNames, kinds } from '@paceline/shared/definition';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/client.ts';
import { reads, refresh } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Button, Choices, Read, Refusal, TableBehind, TableCard } from '../parts/elements.tsx';
import { Swatch, TimePicture } from '../parts/Picture.tsx';
import { callWords, layoutWaterfall } from './layout.ts';

export function RunsView({ id }: { id: string | undefined }) {
  return id === undefined ? <Runs /> : <RunDetails id={id} />;
}

function Runs() {
  const [kind, setKind] = useState<SyncKind | undefined>();
  return (
    <>
      <p className="summary">What the scheduled syncs did, newest first.</p>
      <Choices label="Kind of sync">
        {[undefined, ...kindNames].map((each) => (
          <Button key={each ?? 'all'} aria-pressed={each === kind} onClick={() => setKind(each)}>
            {each ? kinds[each].label : 'all'}
          </Button>
        ))}
      </Choices>{' '}
      {kind && (
        <AskRun ask={() => api.call('POST /v1/syncs/{kind}/trigger', { path: { kind } })}>
          {`Sync ${kinds[kind].label} now`}
        </AskRun>
      )}
      <Read from={reads.runsOf(kind)}>{({ items }) => <RunTable runs={items} />}</Read>
    </>
  );
}

function RunTable({ runs }: { runs: readonly Run[] }) {
  const now = useNow();
  if (runs.length === 0) return <p className="hint">None yet.</p>;
  return (
    <TableCard
      columns={['Sync of', 'Begun', 'Lasted', 'Result']}
      rows={runs.map((run) => ({
        key: run.id,
        cells: [
          <a key="run" href={`#/runs/${run.id}`}>
            <Swatch color={kindColor(run.kind)} />
            {kinds[run.kind].label}
          </a>,
          <>
            {clockTime(run.startedAt)} <span className="hint">{dayOf(run.startedAt)}</span>
          </>,
          elapsed(run, now),
          <span key="result" className={run.state === 'failed' ? 'wrong' : undefined}>
            {run.state === 'running' && <strong>runs: </strong>}
            {outcome(run)}
          </span>,
        ],
      }))}
    />
  );
}

function RunDetails({ id }: { id: string }) {
  return (
    <>
      <p>
        <a href="#/runs">All runs</a>
      </p>
      <Read from={reads.run(id)}>{(data) => <Details run={data} />}</Read>
    </>
  );
}

function Details({ run }: { run: RunDetail }) {
  const now = useNow();
  const { scheduledFor: opens, endsAt: closes } = run.slot;
  const color = kindColor(run.kind);
  return (
    <>
      <h2>
        <Swatch color={color} />
        Sync of {kinds[run.kind].label}, {dayAndTime(opens)}
      </h2>
      <p className={run.state === 'failed' ? 'wrong' : undefined}>{outcome(run)}</p>
      <p className="hint">
        Its slot: {clockTime(opens)} to {clockTime(closes)}.{' '}
        {run.state === 'running' ? 'It has run for' : 'It ran for'} {elapsed(run, now)} and made{' '}
        {run.calls.length} {run.calls.length === 1 ? 'call' : 'calls'}.
      </p>
      {run.state !== 'running' &&
        (run.counts.failed > 0 || run.counts.deferred > 0 || run.error !== null) && (
          <p>
            <AskRun ask={() => api.call('POST /v1/runs/{runId}/retry', { path: { runId: run.id } })}>
              Try again what is left
            </AskRun>
          </p>
        )}
      {run.traceId !== null && (
        <p className="hint trace">
          trace {run.traceUrl === null ? run.traceId : <a href={run.traceUrl}>{run.traceId}</a>}
        </p>
      )}
      <Calls run={run} now={now} color={color} />
    </>
  );
}

function Calls({ run, now, color }: { run: RunDetail; now: number; color: string }) {
  return (
    <section className="card" aria-label="Calls">
      {run.calls.length === 0 && <p className="hint">No call yet.</p>}
      <TimePicture
        label="The calls of the run, each with its wait before it"
        layout={(width) => layoutWaterfall(run, now, width)}
      >
        {({ rows }) =>
          rows.map(({ id, y, waitX, startX, endX, wrong, words }) => (
            <g key={id} fill={wrong ? 'var(--wrong)' : color}>
              <text className={`row-words halo ${wrong ? 'wrong-words' : ''}`} x="0" y={y + 13}>
                {words}
              </text>
              <rect className="waited" x={waitX} width={startX - waitX} y={y + 21} height="4" rx="2" />
              <rect x={startX} width={endX - startX} y={y + 18} height="10" rx="2" />
            </g>
          ))
        }
      </TimePicture>
      <p className="hint">Thin: waits for its permit. Solid: the call.</p>
      <TableBehind
        caption="The calls of the run, oldest first"
        columns={['Begun', 'Took', 'Call']}
        rows={run.calls.map((call) => ({
          key: String(call.id),
          cells: [clockTime(call.startedAt), duration(call.durationMs), callWords(call)],
        }))}
        none="No call yet."
      />
    </section>
  );
}

function AskRun({ ask, children }: { ask: () => Promise<TriggeredRun>; children: string }) {
  const request = useMutation({
    mutationFn: ask,
    async onSuccess({ runId }) {
      await refresh('/v1/runs');
      location.hash = `#/runs/${runId}`;
    },
  });
  return (
    <>
      <Button disabled={request.isPending} onClick={() => request.mutate()}>
        {children}
      </Button>
      <Refusal error={request.error} />
    </>
  );
}
