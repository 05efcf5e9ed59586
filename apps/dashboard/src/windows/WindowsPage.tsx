import { type Budget, type Command, fullLabel, laneOf, upstreamLabel } from '@paceline/client';
import {
  availability,
  foreignText,
  lanesIn,
  nextInQueue,
  policyText,
  rejectionCauses,
  sentenceCase,
  summary,
  usageText,
} from '@paceline/client/text';
import { reads, useRead } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Read, TableToggle } from '../parts/elements.tsx';
import { Time } from '../parts/time.tsx';
import { Legend } from '../parts/Chart.tsx';
import { LimitControls } from './LimitControls.tsx';
import { PauseControls } from './PauseControls.tsx';
import { WindowChart } from './WindowChart.tsx';
import './windows.css';

export function WindowsPage() {
  const commands = useRead(reads.commands);
  return (
    <Read from={reads.budgets} live>
      {({ items, estimates }) => (
        <>
          <Summary budgets={items} />
          <Legend lanes={items.flatMap(lanesIn)} />
          <Hatches />
          {[...Map.groupBy(items, ({ upstream }) => upstream)].map(([upstream, budgets], _, upstreams) => (
            <div key={upstream} className="windows" data-upstream={upstream}>
              {upstreams.length > 1 && <h2>{upstreamLabel(upstream)}</h2>}
              {budgets.map((budget) => (
                <WindowRow key={budget.budget} budget={budget} commands={commands.data?.items ?? []} />
              ))}
            </div>
          ))}
          <TableToggle
            caption="The calls that count against each rate limit"
            columns={['Rate limit', 'Lane', 'Started', 'Counts until', 'Status']}
            rows={items.flatMap(({ permits, ...budget }) =>
              permits.map(({ permitId, lane, startedAt, leavesAt, settled }) => ({
                key: permitId,
                cells: [
                  fullLabel(budget),
                  sentenceCase(laneOf(lane).label),
                  <Time key="started" at={startedAt} />,
                  <Time key="leaves" at={leavesAt} />,
                  settled ? 'Finished' : 'Possibly in flight',
                ],
              })),
            )}
            emptyText="No calls count against a rate limit now."
          />
          <p className="hint">
            Estimates kept: {estimates.kept} of {estimates.kept + estimates.missed}
          </p>
        </>
      )}
    </Read>
  );
}

const Summary = ({ budgets }: { budgets: readonly Budget[] }) => (
  <p className="summary">{summary(budgets, useNow())}</p>
);

function WindowRow({ budget, commands }: { budget: Budget; commands: readonly Command[] }) {
  const now = useNow();
  const { state, text, reason } = availability(budget, now);
  const { lastRejected } = budget;
  const notes = [usageText(budget, now), foreignText(budget, now)].filter((note) => note !== undefined);
  return (
    <section className="window" aria-label={budget.label} data-budget={budget.budget}>
      <div className="window-name">
        <h2>{budget.label}</h2>
        <p className={budget.policy.from === 'documented' ? 'hint' : 'hint strong'}>
          {policyText(budget, now)}
        </p>
        <LimitControls budget={budget} />
      </div>
      <WindowChart budget={budget} now={now} />
      <div className="window-state">
        <div className="state-line">
          <p className={`state ${state}`}>{sentenceCase(text)}</p>
          <PauseControls budget={budget} />
        </div>
        {reason && <p className="hint">{sentenceCase(reason)}</p>}
        <p className="hint">
          {budget.probing ? 'Waiting for one trial call' : sentenceCase(nextInQueue(budget, commands))}
        </p>
        {notes.map((note) => (
          <p key={note} className="hint">
            {sentenceCase(note)}
          </p>
        ))}
        {lastRejected && (
          <p className="hint">
            <span className="wrong">429</span> at <Time at={lastRejected.at} />:{' '}
            {rejectionCauses[lastRejected.attribution]}
          </p>
        )}
      </div>
    </section>
  );
}

/** Hatch patterns for pauses and for calls of other programs, once per page. Red only after a 429. */
const Hatches = () => (
  <svg className="visually-hidden" aria-hidden="true">
    <defs>
      {(['upstream', 'operator', 'unknown', 'foreign'] as const).map((by) => (
        <pattern
          key={by}
          id={`hatch-${by}`}
          width="7"
          height="7"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <line className={`hatch-${by}`} y2="7" strokeWidth="3" />
        </pattern>
      ))}
    </defs>
  </svg>
);
