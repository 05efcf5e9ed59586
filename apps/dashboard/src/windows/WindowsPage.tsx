import { type Budget, type Command, laneColor, laneOf } from '@paceline/client';
import {
  availability,
  nextInQueue,
  policyText,
  rejectionCauses,
  sentenceCase,
  summary,
} from '@paceline/client/text';
import { reads, useRead } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Read, TableToggle } from '../parts/elements.tsx';
import { Time } from '../parts/time.tsx';
import { Legend, Chart } from '../parts/Chart.tsx';
import { LimitControls } from './LimitControls.tsx';
import { PauseControls } from './PauseControls.tsx';
import { layoutWindow, type WindowShape } from './layout.ts';
import './windows.css';

export function WindowsPage() {
  const commands = useRead(reads.commands);
  return (
    <Read from={reads.budgets} live>
      {({ items, estimates }) => (
        <>
          <Summary budgets={items} />
          <Legend />
          <Hatches />
          <div className="windows">
            {items.map((budget) => (
              <WindowRow key={budget.budget} budget={budget} commands={commands.data?.items ?? []} />
            ))}
          </div>
          <TableToggle
            caption="The calls that count against each rate limit"
            columns={['Rate limit', 'Lane', 'Started', 'Counts until', 'Status']}
            rows={items.flatMap(({ label, permits }) =>
              permits.map(({ permitId, lane, startedAt, leavesAt, settled }) => ({
                key: permitId,
                cells: [
                  label,
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

const barHeight = 46;
const axisHeight = 18;

function WindowChart({ budget, now }: { budget: Budget; now: number }) {
  return (
    <Chart label={`Rate limit window of ${budget.label}`} height={barHeight + axisHeight}>
      {(width) => {
        const shape = layoutWindow(budget, now, width);
        const { nowX, closed, ticks } = shape;
        return (
          <>
            <rect className="window-past" width={nowX} height={barHeight} rx="4" />
            <rect className="window-future" x={nowX} width={width - nowX} height={barHeight} />
            <Calls {...shape} />
            {closed.map(({ by, toX }) => (
              <rect
                key={by}
                className={by === 'upstream' ? 'closed wrong-fill' : 'closed'}
                x={nowX}
                width={toX - nowX}
                height={barHeight}
                fill={`url(#hatch-${by})`}
              />
            ))}
            <line className="now-edge" x1={nowX} x2={nowX} y1="-2" y2={barHeight + 3} />
            {ticks.map(({ x, label }) => (
              <text
                key={label}
                className="axis"
                x={x}
                y={barHeight + 15}
                textAnchor={x === 0 ? 'start' : x === width ? 'end' : 'middle'}
              >
                {label}
              </text>
            ))}
          </>
        );
      }}
    </Chart>
  );
}

function Calls({ rows, calls, expected }: Pick<WindowShape, 'rows' | 'calls' | 'expected'>) {
  const height = barHeight / rows;
  const gap = Math.min(4, height / 4);
  const inRow = (row: number) => ({ y: row * height + gap / 2, height: height - gap });
  return (
    <>
      {expected.map(({ requestId, lane, row, startX, leaveX }) => (
        <rect
          key={requestId}
          className="expected"
          stroke={laneColor(lane)}
          x={startX + 1}
          width={Math.max(1, leaveX - startX - 2)}
          {...inRow(row)}
          rx="3"
        />
      ))}
      {calls.map(({ permitId, lane, row, startX, respondedX, leaveX, settled, text }) => (
        <g key={permitId} fill={laneColor(lane)} data-permit={permitId}>
          <title>{text}</title>
          <rect className="counts" x={startX} width={leaveX - startX} {...inRow(row)} rx="3" />
          <rect
            className={settled ? 'called' : 'calling'}
            x={startX}
            width={Math.max(0, respondedX - startX)}
            {...inRow(row)}
          />
          <rect x={startX} width="3" {...inRow(row)} rx="1" />
          <rect x={Math.max(startX, leaveX - 1.5)} width="1.5" {...inRow(row)} />
        </g>
      ))}
    </>
  );
}

/** Hatch patterns for pauses, once per page. Red only after a 429. */
const Hatches = () => (
  <svg className="visually-hidden" aria-hidden="true">
    <defs>
      {(['upstream', 'operator', 'unknown'] as const).map((by) => (
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
