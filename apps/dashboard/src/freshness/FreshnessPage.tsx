import { type Freshness, laneColor } from '@paceline/client';
import { duration } from '@paceline/client/text';
import { freshnessClasses } from '@paceline/shared/definition';
import { count } from '@paceline/shared/words';
import { reads } from '../api/reads.ts';
import { second, useNow } from '../app/clock.tsx';
import { SyncStatus } from '../events/SyncStatus.tsx';
import { Bar } from '../parts/Bar.tsx';
import { Read } from '../parts/elements.tsx';
import { Swatch } from '../parts/Chart.tsx';
import { type AgeShape, goalShare, layoutAges, percent } from './layout.ts';
import { Plan } from './Plan.tsx';
import './freshness.css';

type ClassReport = Freshness['classes'][number];

export const FreshnessPage = () => (
  <>
    <section className="card syncs" aria-label="Syncs of events">
      <SyncStatus kind="near" />
      <SyncStatus kind="far" />
    </section>
    <Read from={reads.freshness}>
      {(report) => (
        <>
          <h2>Signups within their goal</h2>
          <div className="classes">
            {report.classes.map((each) => (
              <ClassCard key={each.class} of={each} />
            ))}
          </div>
          <h2>Plan of the next hour</h2>
          <Plan report={report} />
          <h2>Events without a planned call</h2>
          <Ages report={report} />
        </>
      )}
    </Read>
  </>
);

function ClassCard({
  of: { class: name, goalSeconds, lastDay, oursLastDay, events, within, ours, oursWithin },
}: {
  of: ClassReport;
}) {
  const { label, lane } = freshnessClasses[name];
  return (
    <section className="card" aria-label={label}>
      <h3>
        <Swatch color={laneColor(lane)} />
        <a href={`#/events?show=all&class=${name}`}>{label}</a>
      </h3>
      <p className="share">
        {within} of {count(events, 'event')} <span className="hint">now</span>
      </p>
      <Bar
        label={`${percent(lastDay)} of the last 24 hours`}
        shares={[{ share: lastDay ?? 0, color: laneColor(lane) }]}
      />
      <p className="hint">
        {percent(lastDay)} of the last 24 hours. Goal: at most {duration(goalSeconds * 1_000)} old.
        {ours > 0 &&
          ` With our riders: ${oursWithin} of ${ours} now, ${percent(oursLastDay)} of the last 24 hours.`}
      </p>
    </section>
  );
}

/** At the first start hundreds of events wait. */
const maxRows = 20;

function Ages({ report }: { report: Freshness }) {
  const rows = layoutAges(report, useNow(second));
  if (rows.length === 0) return <p className="hint">None needs one in the next hour.</p>;
  return (
    <section className="card" aria-label="Events without a planned call">
      <ol className="ages">
        {rows.slice(0, maxRows).map((row) => (
          <Age key={row.eventId} row={row} />
        ))}
      </ol>
      <p className="hint">
        Bar: age of the signups, up to twice the goal. Line: the goal.
        {rows.length > maxRows && ` Only the first ${maxRows} are shown.`}
      </p>
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
