import type { Command } from '@paceline/client';
import { clockTime, isFailed, progress, titleOf } from '@paceline/client/words';
import { type FormEvent, useState } from 'react';
import { api } from '../api/client.ts';
import { reads } from '../api/reads.ts';
import { useStore } from '../api/store.ts';
import { useNow } from '../app/clock.tsx';
import { Read } from '../parts/Loaded.tsx';
import { TableCard } from '../parts/Table.tsx';
import { tracked, useCommand } from './commands.ts';
import { riderIdOf, riderIdsOf } from './layout.ts';
import { TrackedCommand } from './TrackedCommand.tsx';
import './riders.css';

/** Somebody adds a rider now, and sees it arrive. */
export function RidersView() {
  const commandIds = useStore(tracked);
  return (
    <>
      <p className="summary">A rider goes before every scheduled sync, as soon as the windows allow.</p>
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

/** Takes a rider's id; what is wrong with it the API says, and it is shown at the field. */
function AddRiderForm() {
  const [typed, setTyped] = useState('');
  const { send, pending, message, wrong } = useCommand(
    async (riderId: number | string, headers) => {
      const answer = await api.call('POST /v1/riders', { body: { riderId: riderId as number }, headers });
      return 'command' in answer ? answer.command : answer;
    },
    () => setTyped(''),
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    send(riderIdOf(typed));
  }
  return (
    <form className="rider-form" onSubmit={submit} noValidate>
      <label htmlFor="rider-id">Rider</label>
      <input
        id="rider-id"
        inputMode="numeric"
        placeholder="4500001"
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
        aria-invalid={wrong}
        aria-describedby="rider-id-message"
      />
      <button type="submit" className="main" disabled={pending || typed.trim() === ''}>
        Add rider
      </button>
      <FieldMessage id="rider-id-message" message={message} wrong={wrong}>
        The id by which Zwift and ZwiftRacing know the rider.
      </FieldMessage>
    </form>
  );
}

/** Takes many riders at once, as they are pasted from a list or a table. */
function ImportForm() {
  const [typed, setTyped] = useState('');
  const { send, pending, message, wrong } = useCommand(
    (riderIds: number[], headers) => api.call('POST /v1/riders/import', { body: { riderIds }, headers }),
    () => setTyped(''),
  );
  const ids = riderIdsOf(typed);
  function submit(event: FormEvent) {
    event.preventDefault();
    send(ids);
  }
  return (
    <form className="rider-form" onSubmit={submit} noValidate>
      <label htmlFor="rider-ids">Riders</label>
      <textarea
        id="rider-ids"
        rows={3}
        placeholder="4500001 4500002 4500003"
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
        aria-invalid={wrong}
        aria-describedby="rider-ids-message"
      />
      <button type="submit" className="main" disabled={pending || ids.length === 0}>
        {ids.length === 0 ? 'Import' : `Import ${ids.length}`}
      </button>
      <FieldMessage id="rider-ids-message" message={message} wrong={wrong}>
        Ids between spaces, commas or lines; a thousand come with one bulk call.
      </FieldMessage>
    </form>
  );
}

interface FieldMessageProps {
  readonly id: string;
  readonly message: string | undefined;
  readonly wrong: boolean;
  /** What belongs into the field, as long as there is no message. */
  readonly children: string;
}

/** What the API says of a field, or what belongs into it. */
const FieldMessage = ({ id, message, wrong, children }: FieldMessageProps) => (
  <p id={id} className={wrong ? 'wrong' : 'hint'} role={message === undefined ? undefined : 'alert'}>
    {message ?? children}
  </p>
);

function Commands({ commands }: { commands: readonly Command[] }) {
  const now = useNow();
  if (commands.length === 0) return <p className="hint">Nothing yet.</p>;
  return (
    <TableCard
      columns={['Requested at', 'What', 'Status']}
      rows={commands.map((command) => ({
        key: command.commandId,
        cells: [
          clockTime(command.requestedAt),
          titleOf(command),
          <span key="status" className={isFailed(command) ? 'wrong' : undefined}>
            {progress(command, now)}
          </span>,
        ],
      }))}
    />
  );
}
