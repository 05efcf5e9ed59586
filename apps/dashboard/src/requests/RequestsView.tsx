import type { Command } from '@paceline/client';
import { isFailed, progress, sentenceCase, timeNear, titleOf } from '@paceline/client/text';
import { useStore } from '../api/client.ts';
import { reads } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Read, TableCard } from '../parts/elements.tsx';
import { AddRiderForm } from './AddRiderForm.tsx';
import { tracked } from './commands.ts';
import { ImportForm } from './ImportForm.tsx';
import { TrackedCommand } from './TrackedCommand.tsx';
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
