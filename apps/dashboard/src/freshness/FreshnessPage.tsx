import { type Freshness, laneColor } from '@paceline/client';
import { duration } from '@paceline/client/text';
import { freshnessClasses } from '@paceline/shared/definition';
import { count } from '@paceline/shared/words';
import { reads } from '../api/reads.ts';
import { second, useNow } from '../app/clock.tsx';
import { Bar } from '../parts/Bar.tsx';
import { Read } from '../parts/elements.tsx';
import { Swatch } from '../parts/Chart.tsx';
import { type AgeShape, goalShare, layoutAges, percent } from './layout.ts';
import './freshness.css';

type ClassReport = Freshness['classes'][number];

export const FreshnessPage = () => (
  <Read from={reads.freshness}>
    {(report) => (
      <>
        <p className="summary">
          Share of the last 24 hours in which the signups of upcoming events were within their freshness goal.
        </p>
        <div className="classes">
          {report.classes.map((each) => (
            <ClassCard key={each.class} of={each} />
          ))}
        </div>
        <h2>Next calls by value</h2>
        <Ages report={report} />
      </>
    )}
  </Read>
);

function ClassCard({
  of: { class: name, goalSeconds, lastDay, oursLastDay, events, within, ours, oursWithin },
}: {
  of: ClassReport;
}) {
  const { label, lane } = freshnessClasses[name];
  return (
    <section className="card" aria-label={label}>
      <h2>
        <Swatch color={laneColor(lane)} />
        {label}
      </h2>
      <p className="share">{percent(lastDay)}</p>
      <Bar
        label={`${percent(lastDay)} of the last 24 hours`}
        shares={[{ share: lastDay ?? 0, color: laneColor(lane) }]}
      />
      <p className="hint">
        Goal: at most {duration(goalSeconds * 1_000)} old. Now: {within} of {count(events, 'event')}
        {ours > 0 &&
          `; with our riders: ${oursWithin} of ${ours} now, ${percent(oursLastDay)} over the last 24 hours`}
        .
      </p>
    </section>
  );
}

function Ages({ report }: { report: Freshness }) {
  const rows = layoutAges(report, useNow(second));
  if (rows.length === 0) return <p className="hint">No events start within two days.</p>;
  return (
    <section className="card" aria-label="Next calls">
      <ol className="ages">
        {rows.map((row) => (
          <Age key={row.eventId} row={row} />
        ))}
      </ol>
      <p className="hint">Bar: age of the signups, up to twice the goal. Line: the goal.</p>
    </section>
  );
}

const Age = ({ row: { eventId, title, ours, text, lane, share, isStale } }: { row: AgeShape }) => (
  <li>
    <a href={`#/events/${eventId}`}>{title}</a>{' '}
    <span className="hint">
      {ours && <strong>with our riders, </strong>}
      {text}
      {isStale && <span className="wrong">, older than the goal</span>}
    </span>
    <svg className="bar" aria-hidden="true">
      {share !== null && <rect fill={laneColor(lane)} width={percentOf(share)} height="100%" />}
      <line className="goal" x1={percentOf(goalShare)} x2={percentOf(goalShare)} y2="100%" />
    </svg>
  </li>
);

const percentOf = (share: number) => `${share * 100}%`;
