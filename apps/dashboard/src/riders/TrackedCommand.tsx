import { type Command, laneColour } from '@paceline/client';
import {
  clockTime,
  commandLane,
  duration,
  isFailed,
  isOver,
  progress,
  stepOf,
  steps,
  titleOf,
} from '@paceline/client/words';
import { reads, useRead } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Picture } from '../parts/Picture.tsx';
import { layoutShares } from './layout.ts';

/** One command of this tab, followed until its riders are here. */
export function TrackedCommand({ commandId }: { commandId: string }) {
  const { data: command } = useRead(reads.command(commandId));
  if (!command) return null;
  const { riderId, riders, state, traceId } = command;
  return (
    <li className="card tracked" data-command={commandId} data-state={state}>
      <h2>{titleOf(command)}</h2>
      <Progress command={command} />
      {riders ? <Import command={command} riders={riders} /> : <Steps command={command} />}
      {riderId !== null && state === 'done' && <Rider riderId={riderId} />}
      {traceId !== null && <p className="hint trace">trace {traceId}</p>}
    </li>
  );
}

function Progress({ command }: { command: Command }) {
  const now = useNow();
  return <output className={isFailed(command) ? 'wrong' : undefined}>{progress(command, now)}</output>;
}

function Steps({ command }: { command: Command }) {
  const reached = stepOf(command);
  return (
    <ol className="steps" style={{ color: isFailed(command) ? 'var(--wrong)' : laneColour(commandLane) }}>
      {steps.map((step, index) => (
        <li
          key={step}
          className={index <= reached ? 'reached' : ''}
          aria-current={index === reached && !isOver(command) ? 'step' : undefined}
        >
          <span>{step}</span>
        </li>
      ))}
    </ol>
  );
}

function Rider({ riderId }: { riderId: number }) {
  const { data: rider } = useRead(reads.rider(riderId));
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
        {facts.filter(Boolean).join(' · ')}, fetched at {clockTime(rider.fetchedAt)} (
        {duration(rider.ageSeconds * 1_000)} ago)
      </span>
    </p>
  );
}

/** How many riders of an import are here, wait, and could not be had, and why. */
function Import({ command, riders }: { command: Command; riders: NonNullable<Command['riders']> }) {
  const { done, failed, waiting } = riders;
  const lost = useRead(reads.failedRiders(command), failed > 0);
  return (
    <div className="import">
      <Picture label={`${done} are here, ${waiting} wait, ${failed} could not be had`} height={10}>
        {(width) => {
          const { doneX, failedX } = layoutShares(riders, width);
          return (
            <>
              <rect className="window-past" width={width} height="10" rx="3" />
              <rect fill={laneColour(commandLane)} width={doneX} height="10" rx="3" />
              <rect className="lost" x={doneX} width={failedX - doneX} height="10" rx="3" />
            </>
          );
        }}
      </Picture>
      <p className="hint">
        {done} here, {waiting} to come
        {failed > 0 && <span className="wrong">, {failed} could not be had</span>}
      </p>
      <ul className="hint">
        {lost.data?.items.map(({ riderId, reason }) => (
          <li key={riderId}>
            {riderId}: {reason}
          </li>
        ))}
      </ul>
    </div>
  );
}
