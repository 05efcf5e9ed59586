import { type Freshness, laneColor } from '@paceline/client';
import { freshEndText, isPlanned, reasonText, sentenceCase } from '@paceline/client/text';
import { freshnessClasses } from '@paceline/shared/definition';
import { count } from '@paceline/shared/words';
import { second, useNow } from '../app/clock.tsx';
import { TimeChart } from '../parts/Chart.tsx';
import { TableToggle } from '../parts/elements.tsx';
import { Time } from '../parts/time.tsx';
import { layoutPlan, type PlanBandShape, type PlannedShape, rowHeight } from './layout.ts';

/** The planned calls of the next hour, and how long the copy of each is fresh. */
export function Plan({ report }: { report: Freshness }) {
  const now = useNow(second);
  return (
    <section className="card" aria-label="Plan of the next hour">
      <TimeChart
        interactive
        label="Planned calls of the next hour, by class of their events"
        layout={(width) => layoutPlan(report, now, width)}
      >
        {({ bands }) => bands.map((band) => <Band key={band.name} band={band} />)}
      </TimeChart>
      <p className="hint">
        Mark: planned call. Bar: how long its copy is fresh. Line at the end of a bar: the event starts.
      </p>
      <TableToggle
        caption="Planned calls of the next hour, the next one first"
        columns={['Planned for', 'Event', 'Starts', 'Reason', 'Fresh until']}
        rows={report.nextCalls.filter(isPlanned).map((call) => ({
          key: `${call.eventId} ${call.plannedAt}`,
          cells: [
            <Time key="planned" at={call.plannedAt} />,
            <a key="event" href={`#/events/${call.eventId}`}>
              {call.title}
            </a>,
            <Time key="starts" at={call.startsAt} />,
            sentenceCase(reasonText(call.reason)),
            sentenceCase(freshEndText(call, now)),
          ],
        }))}
        emptyText="No calls planned in the next hour."
      />
    </section>
  );
}

function Band({ band: { name, y, calls } }: { band: PlanBandShape }) {
  const { label, lane } = freshnessClasses[name];
  return (
    <g data-class={name} fill={laneColor(lane)}>
      <rect width="10" height="10" y={y + 5} rx="3" />
      <text className="band-name halo" x="16" y={y + 14}>
        {label}
        <tspan className="axis">{` · ${calls.length === 0 ? 'none planned' : count(calls.length, 'call')}`}</tspan>
      </text>
      {calls.map((call) => (
        <PlannedCall key={call.key} call={call} />
      ))}
    </g>
  );
}

const barHeight = rowHeight - 4;

const PlannedCall = ({
  call: { eventId, x, endX, startX, y, textX, isBefore, text, hover },
}: {
  call: PlannedShape;
}) => (
  <a href={`#/events/${eventId}`} className="planned" data-event={eventId}>
    <title>{hover}</title>
    <rect className="fresh" x={x} width={Math.max(0, endX - x)} y={y} height={barHeight} />
    {startX !== undefined && <rect x={startX - 1.5} width="1.5" y={y} height={barHeight} />}
    <rect x={x} width="4" y={y} height={barHeight} rx="1" />
    <text className="axis" x={textX} y={y + 11} textAnchor={isBefore ? 'end' : 'start'}>
      {text}
    </text>
  </a>
);
