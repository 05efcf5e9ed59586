import { type Command, isPermanent, laneColor, projectTime } from '@paceline/client';
import {
  availability,
  commandLane,
  describeCommand,
  fetchedText,
  isFailed,
  isFinished,
  sentenceCase,
  stepOf,
  steps,
  titleOf,
  withShownTimes,
} from '@paceline/client/text';
import { count } from '@paceline/shared/words';
import { useEffect, useRef } from 'react';
import { reads, useRead } from '../api/reads.ts';
import { announce } from '../app/announce.tsx';
import { minute, second, useClock, useNow } from '../app/clock.tsx';
import { CancelButton } from './CancelButton.tsx';
import { forget } from './commands.ts';
import { ImportBar } from './ImportBar.tsx';
import { RequestProgress } from './RequestProgress.tsx';
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
      <p className="progress">
        <RequestProgress request={command} /> <CancelButton command={command} />
      </p>
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
  const now = useNow(second);
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

/** A bulk call fetches this many riders. */
const ridersPerCall = 1_000;

/** What remains of an import, in calls, and when the next one is possible. */
function NextBulkCall({ riders }: { riders: number }) {
  const now = useNow(second);
  const budget = useRead(reads.budgets).data?.items.find((each) => each.budget === 'riders_bulk');
  const calls = count(Math.ceil(riders / ridersPerCall), 'bulk call');
  return budget ? `: ${calls}, the next one ${availability(budget, now).text}` : `: ${calls}`;
}

function Import({ command, riders }: { command: Command; riders: NonNullable<Command['riders']> }) {
  const { done, failed, waiting } = riders;
  const now = useNow(minute);
  const failedRiders = useRead(reads.failedRiders(command), failed > 0);
  return (
    <div className="import">
      <ImportBar riders={riders} />
      <p className="hint">
        {done} added, {waiting} remaining
        {failed > 0 && <span className="wrong">, {failed} failed</span>}
        {waiting > 0 && !isFinished(command) && <NextBulkCall riders={waiting} />}
      </p>
      <ul className="hint">
        {failedRiders.data?.items.map(({ riderId, reason }) => (
          <li key={riderId}>
            {riderId}: {reason !== null && withShownTimes(reason, now)}
          </li>
        ))}
      </ul>
    </div>
  );
}
