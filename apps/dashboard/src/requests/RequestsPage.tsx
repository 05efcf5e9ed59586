import { useStore } from '../api/client.ts';
import { reads } from '../api/reads.ts';
import { Read } from '../parts/elements.tsx';
import { AddRiderForm } from './AddRiderForm.tsx';
import { tracked } from './commands.ts';
import { ImportForm } from './ImportForm.tsx';
import { RequestTable } from './RequestTable.tsx';
import { TrackedCommand } from './TrackedCommand.tsx';
import './requests.css';

export function RequestsPage() {
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
      <Read from={reads.commands}>
        {({ items }) =>
          items.length === 0 ? <p className="hint">No requests yet.</p> : <RequestTable requests={items} />
        }
      </Read>
    </>
  );
}
