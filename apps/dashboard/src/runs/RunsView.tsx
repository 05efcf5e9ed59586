import { useState } from 'react';
import { reads, useRead } from '../api/reads.ts';
import type { Run, SyncKind } from '../api/shapes.ts';
import { colourOf, laneOf } from '../palette.ts';
import { Loaded } from '../parts/Loading.tsx';
import { useNow } from '../time/clock.ts';
import { clockTime, dayOf } from '../time/words.ts';
import { AskRun } from './AskRun.tsx';
import { RunDetails } from './RunDetails.tsx';
import { kindWords, lasted, outcome } from './words.ts';

/** What the scheduled syncs did, and each call of one of them. */
export function RunsView({ id }: { id: string | undefined }) {
  return id === undefined ? <Runs /> : <RunDetails id={id} />;
}

const kinds = Object.keys(kindWords) as SyncKind[];

function Runs() {
  const [kind, setKind] = useState<SyncKind | undefined>();
  const runs = useRead(reads.runsOf(kind));
  return (
    <>
      <p className="summary">What the scheduled syncs did, newest first.</p>
      <fieldset className="choices" aria-label="Kind of sync">
        {[undefined, ...kinds].map((each) => (
          <button
            key={each ?? 'all'}
            type="button"
            aria-pressed={each === kind}
            onClick={() => setKind(each)}
          >
            {each ? kindWords[each] : 'all'}
          </button>
        ))}
      </fieldset>{' '}
      {kind && <AskRun path={`/v1/syncs/${kind}/trigger`}>{`Sync ${kindWords[kind]} now`}</AskRun>}
      <Loaded query={runs}>{({ items }) => <RunTable runs={items} />}</Loaded>
    </>
  );
}

function RunTable({ runs }: { runs: readonly Run[] }) {
  const now = useNow();
  if (runs.length === 0) return <p className="hint">None yet.</p>;
  return (
    <div className="card table-frame">
      <table>
        <thead>
          <tr>
            {['Sync of', 'Begun', 'Lasted', 'What it came to'].map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <td>
                <a href={`#/runs/${run.id}`}>
                  <span className="swatch" style={{ background: colourOf(laneOf[run.kind]) }} />
                  {kindWords[run.kind]}
                </a>
              </td>
              <td>
                {clockTime(Date.parse(run.startedAt))}{' '}
                <span className="hint">{dayOf(Date.parse(run.startedAt))}</span>
              </td>
              <td>{lasted(run, now)}</td>
              <td className={run.state === 'failed' ? 'wrong' : undefined}>
                {run.state === 'running' && <strong>runs: </strong>}
                {outcome(run)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
