import { countdown } from '@paceline/client/text';
import { useStore } from '../api/client.ts';
import { reads, useRead } from '../api/reads.ts';
import { second, useNow } from '../app/clock.tsx';
import { Time } from '../parts/time.tsx';
import { AddRiderForm } from '../requests/AddRiderForm.tsx';
import { tracked } from '../requests/commands.ts';
import { TrackedCommand } from '../requests/TrackedCommand.tsx';
import { answerOf } from './answer.ts';

const shownCommands = 3;

/** Whether a rider can be added now, the form for it, and the progress of the last ones. */
export function AddRider() {
  const commandIds = useStore(tracked).slice(0, shownCommands);
  return (
    <section className="card add-rider" aria-labelledby="add-rider-title">
      <h2 id="add-rider-title">Can I add a rider now?</h2>
      <Verdict />
      <AddRiderForm />
      {commandIds.length > 0 && (
        <ul className="tracked-list">
          {commandIds.map((commandId) => (
            <TrackedCommand key={commandId} commandId={commandId} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Verdict() {
  const now = useNow(second);
  const budgets = useRead(reads.budgets);
  const health = useRead(reads.health);
  const answer = answerOf(
    {
      budgets: budgets.error ? undefined : budgets.data?.items,
      parts: health.error ? undefined : health.data?.parts,
    },
    now,
  );
  if (budgets.isPending && answer.can === 'unknown') return <p className="hint">Loading …</p>;
  const { can, at, reason } = answer;
  return (
    <>
      <p className="verdict" data-answer={can}>
        {can === 'yes' && 'Yes, now'}
        {can === 'unknown' && 'Unknown'}
        {can === 'no' && at === undefined && 'No'}
        {can === 'no' && at !== undefined && (
          <>
            No, at <Time at={at} /> <span className="in">in {countdown(at - now)}</span>
          </>
        )}
      </p>
      <p className="hint">{reason}</p>
    </>
  );
}
