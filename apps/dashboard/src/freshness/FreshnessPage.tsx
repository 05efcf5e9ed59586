import { type Freshness, laneColor } from '@paceline/client';
import { duration, sentenceCase } from '@paceline/client/text';
import { freshnessClasses } from '@paceline/shared/definition';
import { count } from '@paceline/shared/words';
import { reads } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Bar } from '../parts/Bar.tsx';
import { Read, TableToggle } from '../parts/elements.tsx';
import { Chart, Swatch } from '../parts/Chart.tsx';
import { type AgeShape, eventText, layoutAges, percent } from './layout.ts';
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

const axisHeight = 20;

function Ages({ report }: { report: Freshness }) {
  const now = useNow();
  const { height } = layoutAges(report, now, 1);
  if (report.nextCalls.length === 0) return <p className="hint">No events start within two days.</p>;
  return (
    <section className="card" aria-label="Next events">
      <Chart
        label="Age of the stored signups of the next events, compared with their goals"
        height={height + axisHeight}
      >
        {(width) => {
          const { rows, goalX } = layoutAges(report, now, width);
          return (
            <>
              <text className="axis" x="0" y={height + 14}>
                just fetched
              </text>
              <text className="axis" x={goalX} y={height + 14} textAnchor="middle">
                goal
              </text>
              <text className="axis" x={width} y={height + 14} textAnchor="end">
                2 × goal
              </text>
              {rows.map((row) => (
                <Age key={row.eventId} row={row} goalX={goalX} width={width} />
              ))}
            </>
          );
        }}
      </Chart>
      <p className="hint">“ours”: an event with our riders. Red dot: older than the goal.</p>
      <TableToggle
        caption="Next calls, the most valuable first"
        columns={['Event', 'Class', 'Status', 'Within goal']}
        rows={report.nextCalls.map((event) => ({
          key: event.eventId,
          cells: [
            event.title,
            freshnessClasses[event.class].label,
            sentenceCase(eventText(event, now)),
            event.withinGoal ? 'Yes' : 'No',
          ],
        }))}
        emptyText="None."
      />
    </section>
  );
}

function Age({ row, goalX, width }: { row: AgeShape; goalX: number; width: number }) {
  const { lane, y, ageX, isStale, ours, title, text } = row;
  return (
    <g>
      <text className="row-text halo" y={y + 13}>
        {ours && <tspan className="ours">ours · </tspan>}
        {title} <tspan className="axis">· {text}</tspan>
      </text>
      <rect className="window-past" width={width} y={y + 19} height="6" rx="3" />
      {ageX !== null && (
        <rect fill={laneColor(lane)} width={Math.max(3, ageX)} y={y + 19} height="6" rx="3" />
      )}
      <line className="goal" x1={goalX} x2={goalX} y1={y + 17} y2={y + 27} />
      {isStale && ageX !== null && (
        <circle className="late" cx={Math.min(width - 4, ageX)} cy={y + 22} r="4" />
      )}
    </g>
  );
}
