import { kindColor, laneColor, laneOf } from '@paceline/client';
import { budgetLabel, duration, elapsed, outcome, sentenceCase, timeRange } from '@paceline/client/text';
import { kinds } from '@paceline/shared/definition';
import { type PointerEvent, useState } from 'react';
import { reads, useRead } from '../api/reads.ts';
import { second, useNow } from '../app/clock.tsx';
import { Button, ButtonGroup, Read, TableToggle } from '../parts/elements.tsx';
import { timeAxis, type TimeAxis } from '../parts/layout.ts';
import { TimeChart } from '../parts/Chart.tsx';
import { Time } from '../parts/time.tsx';
import {
  type KindBandShape,
  bandHeight,
  barHeight,
  barY,
  draggedRange,
  endOf,
  type FlagShape,
  flagHeight,
  layoutTimeline,
  rangeAround,
  moved,
  type TimeRange,
  shownRange,
  type ConflictShape,
  type TimelineData,
  zoomed,
} from './layout.ts';
import './timeline.css';

export function TimelinePage({ id: time }: { id: string | undefined }) {
  const events = useRead(reads.events);
  const conflicts = useRead(reads.conflicts);
  const schedule = useRead(reads.schedule);
  return (
    <Read from={reads.timelineRuns}>
      {({ items }) => (
        <Timeline
          key={time}
          at={time}
          data={{
            runs: items,
            events: events.data?.items ?? [],
            conflicts: conflicts.data?.items ?? [],
            upcoming: schedule.data?.nextSlots,
          }}
        />
      )}
    </Read>
  );
}

function Timeline({ at, data }: { at: string | undefined; data: TimelineData }) {
  const now = useNow(second);
  const [range, setRange] = useState<TimeRange | null>(rangeAround(at));
  const shown = shownRange(range, now);
  const moves = [
    ['Earlier', () => moved(shown, -0.5)],
    ['Later', () => moved(shown, 0.5)],
    ['Zoom in', () => zoomed(shown, 0.5)],
    ['Zoom out', () => zoomed(shown, 2)],
  ] as const;
  return (
    <>
      <p className="summary">{timeRange(shown.from, shown.to)}. Drag to zoom in; click a run to open it.</p>
      <ButtonGroup label="Time range">
        {moves.map(([label, next]) => (
          <Button key={label} onClick={() => setRange(next())}>
            {label}
          </Button>
        ))}
        <Button aria-pressed={range === null} onClick={() => setRange(null)}>
          Follow now
        </Button>
      </ButtonGroup>
      <section className="card" aria-label="Timeline">
        <TimelineChart data={data} now={now} from={shown.from} to={shown.to} onChoose={setRange} />
        <p className="hint">
          Pale: slot. Solid: run. Hollow: run that fetched nothing (nothing due, or all deferred). Flags:
          event starts. Lines: delayed syncs, connected to the lane that went first.
        </p>
        <RunsTable data={data} now={now} range={shown} />
        <ConflictsTable data={data} range={shown} />
      </section>
    </>
  );
}

const RunsTable = ({ data, now, range }: { data: TimelineData; now: number; range: TimeRange }) => (
  <TableToggle
    button="Show runs as table"
    caption="The runs shown, newest first"
    columns={['Sync', 'Started', 'Duration', 'Result']}
    rows={data.runs
      .filter((run) => Date.parse(run.startedAt) <= range.to && endOf(run, now) >= range.from)
      .map((run) => ({
        key: run.runId,
        cells: [
          sentenceCase(kinds[run.kind].label),
          <Time key="started" at={run.startedAt} />,
          elapsed(run, now),
          sentenceCase(outcome(run)),
        ],
      }))}
    emptyText="No runs in this time range."
  />
);

const ConflictsTable = ({ data, range }: { data: TimelineData; range: TimeRange }) => (
  <TableToggle
    button="Show delays as table"
    caption="Delays between lanes, newest first"
    columns={['Time', 'Delayed', 'Delayed by', 'Rate limit', 'Expected wait']}
    rows={data.conflicts
      .filter(({ at }) => Date.parse(at) >= range.from && Date.parse(at) <= range.to)
      .map(({ at, budget, blocked, blockedBy, expectedWaitSeconds }, index) => ({
        key: `${at} ${index}`,
        cells: [
          <Time key="time" at={at} />,
          sentenceCase(laneOf(blocked).label),
          sentenceCase(laneOf(blockedBy).label),
          budgetLabel(budget),
          duration(expectedWaitSeconds * 1_000),
        ],
      }))}
    emptyText="No delays in this time range."
  />
);

interface TimelineProps {
  readonly data: TimelineData;
  readonly now: number;
  readonly from: number;
  readonly to: number;
  readonly onChoose: (range: TimeRange | null) => void;
}

const TimelineChart = ({ data, now, from, to, onChoose }: TimelineProps) => (
  <TimeChart
    interactive
    label="Slots and runs by sync kind"
    layout={(width) => layoutTimeline(data, timeAxis(from, to, width), now)}
  >
    {({ axis, bands, flags, conflictLines, height }, width) => (
      <>
        <Drag axis={axis} width={width} height={height} onChoose={onChoose} />
        {flags.map((flag) => (
          <Flag key={flag.x} flag={flag} height={height} />
        ))}
        {bands.map((band) => (
          <Band key={band.kind} band={band} />
        ))}
        {conflictLines.map((line) => (
          <ConflictLine key={line.key} line={line} />
        ))}
        {now >= from && now <= to && (
          <line className="now-edge" x1={axis.x(now)} x2={axis.x(now)} y1={flagHeight - 12} y2={height} />
        )}
      </>
    )}
  </TimeChart>
);

const Flag = ({ flag: { x, titles }, height }: { flag: FlagShape; height: number }) => (
  <g className="flag">
    <title>{titles.join('\n')}</title>
    <line x1={x} x2={x} y1="4" y2={height} />
    <path d={`M${x} 4h9l-3 4l3 4h-9z`} />
    {titles.length > 1 && (
      <text className="axis" x={x + 1} y="24">
        {titles.length}
      </text>
    )}
  </g>
);

const ConflictLine = ({
  line: { x, untilX, blockedY, blockerY, blocker, text, utc },
}: {
  line: ConflictShape;
}) => (
  <g className="conflict-line" stroke={laneColor(blocker)} fill={laneColor(blocker)}>
    <title>{`${text}\n${utc}`}</title>
    <line x1={x} x2={x} y1={blockerY} y2={blockedY} />
    <line x1={x} x2={Math.max(x + 2, untilX)} y1={blockedY} y2={blockedY} strokeWidth="3" />
    <circle cx={x} cy={blockerY} r="3" />
  </g>
);

function Band({ band: { kind, y, slots, runs } }: { band: KindBandShape }) {
  const color = kindColor(kind);
  return (
    <g fill={color}>
      <line className="grid" x2="100%" y1={y + bandHeight} y2={y + bandHeight} />
      <text className="band-name halo" x="0" y={y + 13}>
        {sentenceCase(kinds[kind].label)}
      </text>
      {slots.map(({ slotId, x, width }) => (
        <rect key={slotId} className="slot" x={x} width={width} y={y + barY} height={barHeight} rx="3" />
      ))}
      {runs.map(({ runId, x, width, style, text, utc }) => (
        <a key={runId} href={`#/runs/${runId}`} data-run={runId} className={`run ${style}`}>
          <title>{`${text}\n${utc}`}</title>
          <rect stroke={color} x={x} width={width} y={y + barY + 3} height={barHeight - 6} rx="2" />
        </a>
      ))}
    </g>
  );
}

interface DragProps {
  readonly axis: TimeAxis;
  readonly width: number;
  readonly height: number;
  readonly onChoose: (range: TimeRange | null) => void;
}

function Drag({ axis, width, height, onChoose }: DragProps) {
  const [held, setHeld] = useState<{ start: number; end: number } | undefined>();
  const placeOf = ({ clientX, currentTarget }: PointerEvent<SVGRectElement>) =>
    Math.min(width, Math.max(0, clientX - currentTarget.getBoundingClientRect().left));
  function down(event: PointerEvent<SVGRectElement>) {
    event.currentTarget.setPointerCapture(event.pointerId);
    const start = placeOf(event);
    setHeld({ start, end: start });
  }
  function up() {
    const chosen = held && draggedRange(axis.timeAt(held.start), axis.timeAt(held.end));
    setHeld(undefined);
    if (chosen) onChoose(chosen);
  }
  return (
    <>
      <rect
        className="drag-surface"
        width={width}
        height={height}
        onPointerDown={down}
        onPointerMove={(event) => held && setHeld({ ...held, end: placeOf(event) })}
        onPointerUp={up}
        onPointerCancel={() => setHeld(undefined)}
      />
      {held && (
        <rect
          className="dragged"
          x={Math.min(held.start, held.end)}
          width={Math.abs(held.end - held.start)}
          height={height}
        />
      )}
    </>
  );
}
