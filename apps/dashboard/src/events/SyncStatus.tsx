import { kindColor, type Run, type Schedule, type SyncKind } from '@paceline/client';
import { outcome, sentenceCase } from '@paceline/client/text';
import { kinds } from '@paceline/shared/definition';
import { useMutation } from '@tanstack/react-query';
import { api } from '../api/client.ts';
import { reads, refresh, useRead } from '../api/reads.ts';
import { announce } from '../app/announce.tsx';
import { second, useNow } from '../app/clock.tsx';
import { Swatch } from '../parts/Chart.tsx';
import { Button, ErrorMessage } from '../parts/elements.tsx';
import { Age, Countdown, Time } from '../parts/time.tsx';
import { RunProgress } from '../runs/RunProgress.tsx';
import './sync.css';

/** What a sync did last or does now, when its next slot opens, and a button that starts it now. */
export function SyncStatus({ kind }: { kind: SyncKind }) {
  const { data: runs } = useRead(reads.runsOf(kind));
  const { data: schedule } = useRead(reads.schedule);
  const trigger = useTrigger(kind);
  const [last] = runs?.items ?? [];
  const isRunning = last?.state === 'running';
  const requested = trigger.data;
  const isStarting = requested !== undefined && !runs?.items.some(({ runId }) => runId === requested.runId);
  const label = kinds[kind].label;
  return (
    <div className="sync" data-sync={kind} data-state={last?.state}>
      <div className="sync-text">
        <strong>
          <Swatch color={kindColor(kind)} />
          {sentenceCase(label)}
        </strong>{' '}
        {isRunning ? (
          <>
            <span className="hint">
              <a href={`#/runs/${last.runId}`}>Running</a>:
            </span>{' '}
            <RunProgress run={last} />
          </>
        ) : (
          <span className="hint">
            {isStarting ? 'Requested …' : last ? <LastRun run={last} /> : 'Not synced yet.'}{' '}
            {schedule && <NextSlot kind={kind} schedule={schedule} />}
          </span>
        )}
      </div>
      <Button
        aria-label={`Run now: ${label}`}
        inactive={isRunning || trigger.isPending || isStarting}
        onClick={() => trigger.mutate()}
      >
        Run now
      </Button>
      <ErrorMessage error={trigger.error} />
      {isStarting && requested.reason !== null && (
        <p className="wrong" role="alert">
          Accepted, but not started: {requested.reason}.
        </p>
      )}
    </div>
  );
}

const useTrigger = (kind: SyncKind) =>
  useMutation({
    mutationFn: () => api.call('POST /v1/syncs/{kind}/trigger', { path: { kind } }),
    async onSuccess({ already }) {
      announce(`${sentenceCase(kinds[kind].label)} ${already ? 'is already running' : 'requested'}`);
      await refresh('/v1/runs');
    },
  });

const LastRun = ({ run }: { run: Run }) => (
  <>
    <a href={`#/runs/${run.runId}`}>Last run</a> <Age at={run.finishedAt ?? run.startedAt} />: {outcome(run)}.
  </>
);

function NextSlot({ kind, schedule }: { kind: SyncKind; schedule: Schedule }) {
  const pausedUntil = schedule.pausedUntil[kind];
  const [next] = schedule.nextSlots[kind];
  const now = useNow(second);
  if (schedule.kinds[kind].mode === 'off') return <a href="#/schedule">This sync is off.</a>;
  if (pausedUntil !== null && Date.parse(pausedUntil) > now)
    return (
      <>
        Paused until <Time at={pausedUntil} />.
      </>
    );
  return (
    next && (
      <>
        Next slot <Countdown at={next.opensAt} />.
      </>
    )
  );
}
