import { type Command, isPermanent, laneColor, projectTime } from '@paceline/client';
import { type Roster, readRoster } from '@paceline/client/roster';
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
  timeNear,
  titleOf,
} from '@paceline/client/text';
import { count } from '@paceline/shared/words';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { api, useStore } from '../api/client.ts';
import { reads, useRead } from '../api/reads.ts';
import { announce } from '../app/announce.tsx';
import { useClock, useNow } from '../app/clock.tsx';
import { Button, Read, TableCard } from '../parts/elements.tsx';
import { Chart } from '../parts/Chart.tsx';
import { forget, tracked, useCommand } from './commands.ts';
import { layoutProgress, parseRiderId } from './layout.ts';
import './requests.css';

export function RequestsView() {
  const commandIds = useStore(tracked);
  return (
    <>
      <p className="summary">
        Added riders are fetched as soon as the rate limits allow, before all scheduled syncs.
      </p>
      <div className="rider-forms">
        <AddRiderForm />
        <ImportForm />
      </div>
      <ul className="tracked-list">
        {commandIds.map((commandId) => (
          <TrackedCommand key={commandId} commandId={commandId} />
        ))}
      </ul>
      <h2>Recent requests</h2>
      <Read from={reads.commands}>{({ items }) => <Commands commands={items} />}</Read>
    </>
  );
}

/** A form field that is sent as a command. The API validates it and its message is shown. */
function useField<Body>(
  id: string,
  read: (typed: string) => Body | undefined,
  post: Parameters<typeof useCommand<Body>>[0],
) {
  const [typed, setTyped] = useState('');
  const input = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const { send, pending, message, isInvalid } = useCommand(post, {
    onAccepted: () => setTyped(''),
    // To add the next one, or to correct this one.
    onSettled: () => input.current?.focus(),
  });
  const body = read(typed);
  function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (body !== undefined && !pending) send(body);
  }
  const onChange = ({ target }: { target: { value: string } }) => setTyped(target.value);
  const described = { 'aria-invalid': isInvalid, 'aria-describedby': `${id}-message` };
  return {
    body,
    form: { className: 'rider-form', noValidate: true, onSubmit },
    field: { id, ref: input, value: typed, onChange, ...described },
    button: { type: 'submit', className: 'main', inactive: pending || body === undefined } as const,
    messageOf: (hint: string) => (
      <p id={`${id}-message`} className={isInvalid ? 'wrong' : 'hint'} role={message && 'alert'}>
        {message ?? hint}
      </p>
    ),
  };
}

function AddRiderForm() {
  const { form, field, button, messageOf } = useField(
    'rider-id',
    (typed) => (typed.trim() === '' ? undefined : parseRiderId(typed)),
    async (riderId, headers) => {
      const response = await api.call('POST /v1/riders', { body: { riderId: riderId as number }, headers });
      return 'command' in response ? response.command : response;
    },
  );
  return (
    <form {...form}>
      <label htmlFor="rider-id">Rider id</label>
      <input {...field} inputMode="numeric" placeholder="4500001" />
      <Button {...button}>Add rider</Button>
      {messageOf('The rider’s Zwift id.')}
    </form>
  );
}

function ImportForm() {
  const { body, form, field, button, messageOf } = useField(
    'rider-ids',
    (typed) => (typed.trim() === '' ? undefined : readRoster(typed)),
    (roster, headers) => {
      const riderIds = roster.riders.map(({ riderId }) => riderId);
      return api.call('POST /v1/riders/import', { body: { riderIds }, headers });
    },
  );
  const riders = body?.riders.length ?? 0;
  return (
    <form {...form}>
      <label htmlFor="rider-ids">Roster</label>
      <textarea {...field} rows={5} placeholder={'name,zwiftId\nAnna,4500001\nBo,4500002'} />
      <Button {...button} inactive={button.inactive || riders === 0}>
        {riders > 0 ? `Import ${count(riders, 'rider')}` : 'Import riders'}
      </Button>
      {messageOf(
        'A list of rider ids, or CSV with a header row and a column riderId (or zwiftId, zwid, id). One bulk call fetches up to 1,000.',
      )}
      {body && <RosterPreview roster={body} />}
    </form>
  );
}

/** What would be imported, and every line that would not. */
function RosterPreview({ roster: { riders, refused, comments, column } }: { roster: Roster }) {
  return (
    <section className="roster" aria-live="polite" aria-label="Preview">
      {riders.length > 0 && (
        <>
          <p className="hint">
            {count(riders.length, 'rider')}
            {column !== undefined && ` from column ${column}`}
          </p>
          <ul className="roster-list">
            {riders.map(({ riderId, label }) => (
              <li key={riderId}>
                {riderId} <span className="hint">{label}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {refused.length > 0 && (
        <>
          <p className="hint wrong">{count(refused.length, 'line')} without a clear rider id, not imported</p>
          <ul className="roster-list">
            {refused.map(({ line, text, reason }) => (
              <li key={line}>
                Line {line}: {text} <span className="hint">{reason}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {comments > 0 && <p className="hint">{count(comments, 'comment')} skipped</p>}
    </section>
  );
}

function Commands({ commands }: { commands: readonly Command[] }) {
  const now = useNow();
  if (commands.length === 0) return <p className="hint">No requests yet.</p>;
  return (
    <TableCard
      columns={['Requested at', 'Request', 'Status']}
      rows={commands.map((command) => ({
        key: command.commandId,
        cells: [
          timeNear(command.requestedAt, now),
          titleOf(command),
          <span key="status" className={isFailed(command) ? 'wrong' : undefined}>
            {sentenceCase(progress(command, now))}
          </span>,
        ],
      }))}
    />
  );
}

function TrackedCommand({ commandId }: { commandId: string }) {
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
