import { type Command, isPermanent, laneColor, projectTime } from '@paceline/client';
import {
  commandLane,
  describeCommand,
  fetchedText,
  isFailed,
  isFinished,
  progress,
  sentenceCase,
  stepOf,
  steps,
  titleOf,
} from '@paceline/client/text';
import { useEffect, useRef } from 'react';
import { reads, useRead } from '../api/reads.ts';
import { announce } from '../app/announce.tsx';
import { useClock, useNow } from '../app/clock.tsx';
import { Chart } from '../parts/Chart.tsx';
import { forget } from './commands.ts';
import { layoutProgress } from './layout.ts';
import './requests.css';

export function TrackedCommand({ commandId }: { commandId: string }) {
  const { data: command, error } = useRead(reads.command(commandId));
  const isGone = isPermanent(error) && error.status === 404;
  useEffect(() => {
    if (isGone) forget(commandId);
  }, [isGone, commandId]);
  useAnnouncedState(command);
  if (!command) return null;
  const { riderId, riders, state, traceId } = command;
  return (
    <li className="card tracked" data-command={commandId} data-state={state}>
      <h2>{titleOf(command)}</h2>
      <Progress command={command} />
      {riders ? <Import command={command} riders={riders} /> : <Steps command={command} />}
      {riderId !== null && state === 'done' && <Rider riderId={riderId} />}
      {traceId !== null && <p className="hint trace">Trace {traceId}</p>}
    </li>
  );
}

/** Each new state, once: the countdown next to it would be announced every second. */
function useAnnouncedState(command: Command | undefined) {
  const clock = useClock();
  const announced = useRef<string | undefined>(undefined);
  const state = command?.state;
  useEffect(() => {
    if (!command || announced.current === state) return;
    const isOld = announced.current === undefined && isFinished(command);
    announced.current = state;
    if (!isOld) announce(describeCommand(command, projectTime(clock)));
  }, [command, state, clock]);
}

function Progress({ command }: { command: Command }) {
  const now = useNow();
  return (
    <p className={isFailed(command) ? 'progress wrong' : 'progress'}>
      {sentenceCase(progress(command, now))}
    </p>
  );
}

function Steps({ command }: { command: Command }) {
  const reached = stepOf(command);
  return (
    <ol className="steps" style={{ color: isFailed(command) ? 'var(--wrong)' : laneColor(commandLane) }}>
      {steps.map((step, index) => (
        <li
          key={step}
          className={index <= reached ? 'reached' : ''}
          aria-current={index === reached && !isFinished(command) ? 'step' : undefined}
        >
          <span>{sentenceCase(step)}</span>
        </li>
      ))}
    </ol>
  );
}

function Rider({ riderId }: { riderId: number }) {
  const { data: rider } = useRead(reads.rider(riderId));
  const now = useNow();
  if (!rider) return null;
  const facts = [
    rider.club?.name,
    rider.zpCategory && `category ${rider.zpCategory}`,
    rider.zpFtp && `FTP ${rider.zpFtp} W`,
    rider.rating && `rating ${Math.round(rider.rating)}`,
  ];
  return (
    <p className="rider">
      <strong>{rider.name}</strong>{' '}
      <span className="hint">
        {[...facts, fetchedText(rider.fetchedAt, now)].filter(Boolean).join(' · ')}
      </span>
    </p>
  );
}

function Import({ command, riders }: { command: Command; riders: NonNullable<Command['riders']> }) {
  const { done, failed, waiting } = riders;
  const failedRiders = useRead(reads.failedRiders(command), failed > 0);
  return (
    <div className="import">
      <Chart label={`${done} added, ${waiting} remaining, ${failed} failed`} height={10}>
        {(width) => {
          const { doneX, failedX } = layoutProgress(riders, width);
          return (
            <>
              <rect className="window-past" width={width} height="10" rx="3" />
              <rect fill={laneColor(commandLane)} width={doneX} height="10" rx="3" />
              <rect className="failed-share" x={doneX} width={failedX - doneX} height="10" rx="3" />
            </>
          );
        }}
      </Chart>
      <p className="hint">
        {done} added, {waiting} remaining
        {failed > 0 && <span className="wrong">, {failed} failed</span>}
      </p>
      <ul className="hint">
        {failedRiders.data?.items.map(({ riderId, reason }) => (
          <li key={riderId}>
            {riderId}: {reason}
          </li>
        ))}
      </ul>
    </div>
  );
}
