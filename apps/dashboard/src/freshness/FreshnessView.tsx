import { type Freshness, laneColor } from '@paceline/client';
import { duration } from '@paceline/client/text';
import { freshnessClasses } from '@paceline/shared/definition';
import { reads } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Read, TableBehind } from '../parts/elements.tsx';
import { Picture, Swatch } from '../parts/Picture.tsx';
import { type AgeShape, eventWords, layoutAges, percent } from './layout.ts';
import './freshness.css';

type ClassReport = Freshness['classes'][number];

export const FreshnessView = () => (
  <Read from={reads.freshness}>
    {(report) => (
      <>
        <p className="summary">
          How much of the last day events had a copy of their signups within the goal.
        </p>
        <div className="classes">
          {report.classes.map((each) => (
            <ClassCard key={each.class} of={each} />
          ))}
        </div>
        <h2>What would be called for next</h2>
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
  const share = lastDay ?? 0;
  return (
    <section className="card" aria-label={label}>
      <h2>
        <Swatch color={laneColor(lane)} />
        {label}
      </h2>
      <p className="share">{percent(lastDay)}</p>
      <Picture label={`${percent(lastDay)} of the last day`} height={8}>
        {(width) => (
          <>
            <rect className="window-past" width={width} height="8" rx="4" />
            <rect fill={laneColor(lane)} width={width * share} height="8" rx="4" />
          </>
        )}
      </Picture>
      <p className="hint">
        Goal: not older than {duration(goalSeconds * 1_000)}. Now {within} of {events}
        {ours > 0 &&
          `; of those with our riders ${oursWithin} of ${ours}, ${percent(oursLastDay)} of the last day`}
        .
      </p>
    </section>
  );
}

const axisHeight = 20;

function Ages({ report }: { report: Freshness }) {
  const now = useNow();
  const { height } = layoutAges(report, now, 1);
  if (report.next.length === 0)
    return <p className="hint">Nothing: no event is known that starts within two days.</p>;
  return (
    <section className="card" aria-label="Next events">
      <Picture
        label="The age of the copies of the next events, against their goals"
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
                twice as old
              </text>
              {rows.map((row) => (
                <Age key={row.eventId} row={row} goalX={goalX} width={width} />
              ))}
            </>
          );
        }}
      </Picture>
      <p className="hint">Ours: our riders are in it. A red end: the copy is older than its goal.</p>
      <TableBehind
        caption="What would be called for next, what is worth most first"
        columns={['Event', 'Class', 'Status', 'Within the goal']}
        rows={report.next.map((event) => ({
          key: event.eventId,
          cells: [
            event.title,
            freshnessClasses[event.class].label,
            eventWords(event, now),
            event.withinGoal ? 'yes' : 'no',
          ],
        }))}
        none="Nothing."
      />
    </section>
  );
}

function Age({ row, goalX, width }: { row: AgeShape; goalX: number; width: number }) {
  const { lane, y, ageX, late, ours, title, words } = row;
  return (
    <g>
      <text className="row-words halo" y={y + 13}>
        {ours && <tspan className="ours">ours · </tspan>}
        {title} <tspan className="axis">· {words}</tspan>
      </text>
      <rect className="window-past" width={width} y={y + 19} height="6" rx="3" />
      {ageX !== null && (
        <rect fill={laneColor(lane)} width={Math.max(3, ageX)} y={y + 19} height="6" rx="3" />
      )}
      <line className="goal" x1={goalX} x2={goalX} y1={y + 17} y2={y + 27} />
      {late && ageX !== null && <circle className="late" cx={Math.min(width - 4, ageX)} cy={y + 22} r="4" />}
    </g>
  );
}
