import { reads, useRead } from '../api/reads.ts';
import type { Command } from '../api/shapes.ts';
import { useStore } from '../api/store.ts';
import { Loaded } from '../parts/Loading.tsx';
import { useNow } from '../time/clock.ts';
import { clockTime } from '../time/words.ts';
import { AddRiderForm } from './AddRiderForm.tsx';
import { asked } from './asked.ts';
import { ImportForm } from './ImportForm.tsx';
import { Wish } from './Wish.tsx';
import { isWrong, standingOf, wishOf } from './words.ts';
import './riders.css';

/** Somebody wants to see a rider now, and sees it arrive. */
export function RidersView() {
  const wishes = useStore(asked);
  const commands = useRead(reads.commands);
  return (
    <>
      <p className="summary">A rider goes before every scheduled sync, as soon as the windows allow.</p>
      <div className="wish-forms">
        <AddRiderForm />
        <ImportForm />
      </div>
      <ul className="wishes">
        {wishes.map((wish) => (
          <Wish key={wish.commandId} wish={wish} />
        ))}
      </ul>
      <h2>Asked for last, by anybody</h2>
      <Loaded query={commands}>{({ items }) => <Commands commands={items} />}</Loaded>
    </>
  );
}

function Commands({ commands }: { commands: readonly Command[] }) {
  const now = useNow();
  if (commands.length === 0) return <p className="hint">Nothing yet.</p>;
  return (
    <div className="card table-frame">
      <table>
        <thead>
          <tr>
            <th scope="col">Asked at</th>
            <th scope="col">What</th>
            <th scope="col">How it stands</th>
          </tr>
        </thead>
        <tbody>
          {commands.map((command) => (
            <tr key={command.commandId}>
              <td>{clockTime(Date.parse(command.requestedAt))}</td>
              <td>{wishOf(command)}</td>
              <td className={isWrong(command) ? 'wrong' : undefined}>{standingOf(command, now)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
