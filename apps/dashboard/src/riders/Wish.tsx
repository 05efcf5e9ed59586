import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client.ts';
import type { Command, RiderDetail } from '../api/shapes.ts';
import { colourOf } from '../palette.ts';
import { useNow } from '../time/clock.ts';
import { clockTime, length } from '../time/words.ts';
import type { Asked } from './asked.ts';
import { Import } from './Import.tsx';
import { isOver, isWrong, standingOf, stepOf, wishOf } from './words.ts';

const steps = ['asked', 'waits', 'is fetched', 'is here'];

/** One wish, followed until the rider is there. */
export function Wish({ wish: { commandId, traceId } }: { wish: Asked }) {
  const path = `/v1/commands/${commandId}`;
  const { data: command } = useQuery({
    queryKey: [path],
    queryFn: () => get<Command>(path),
    refetchInterval: ({ state: { data } }) => (data && isOver(data) ? false : 700),
  });
  if (!command) return null;
  return (
    <li className="card wish" data-command={commandId} data-state={command.state}>
      <h2>{wishOf(command)}</h2>
      <Standing command={command} />
      {command.riders ? <Import command={command} riders={command.riders} /> : <Steps command={command} />}
      {command.rider !== null && command.state === 'done' && <Rider path={command.rider} />}
      {traceId !== null && <p className="hint trace">trace {traceId}</p>}
    </li>
  );
}

function Standing({ command }: { command: Command }) {
  const now = useNow();
  return <output className={isWrong(command) ? 'wrong' : undefined}>{standingOf(command, now)}</output>;
}

function Steps({ command }: { command: Command }) {
  const reached = stepOf(command);
  return (
    <ol className="steps" style={{ color: isWrong(command) ? 'var(--wrong)' : colourOf('manual_rider_add') }}>
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

function Rider({ path }: { path: string }) {
  const { data: rider } = useQuery({ queryKey: [path], queryFn: () => get<RiderDetail>(path) });
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
        {facts.filter(Boolean).join(' · ')}, fetched at {clockTime(Date.parse(rider.fetchedAt))} (
        {length(rider.ageSeconds * 1_000)} ago)
      </span>
    </p>
  );
}
