import { kindColor, laneColor } from '@paceline/client';
import { clockTime, dayAndTime, duration, elapsed, outcome } from '@paceline/client/text';
import { budgets, kinds, lanes } from '@paceline/shared/definition';
import { type PointerEvent, useState } from 'react';
import { reads, useRead } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Button, Choices, Read, TableBehind } from '../parts/elements.tsx';
import { timeAxis, type TimeAxis } from '../parts/layout.ts';
import { TimePicture } from '../parts/Picture.tsx';
import {
  type KindBandShape,
  bandHeight,
  barHeight,
  barY,
  dragged,
  endOf,
  type FlagShape,
  flagHeight,
  layoutTimeline,
  momentRange,
  moved,
  type TimeRange,
  shownRange,
  type TieShape,
  type TimelineData,
  zoomed,
} from './layout.ts';
import './timeline.css';

export function TimelineView({ id: moment }: { id: string | undefined }) {
  const events = useRead(reads.events);
  const conflicts = useRead(reads.conflicts);
  const schedule = useRead(reads.schedule);
  return (
    <Read from={reads.timelineRuns}>
      {({ items }) => (
        <Timeline
          key={moment}
          at={moment}
          data={{
            runs: items,
            events: events.data?.items ?? [],
            conflicts: conflicts.data?.items ?? [],
            coming: schedule.data?.next,
          }}
        />
      )}
    </Read>
  );
}

function Timeline({ at, data }: { at: string | undefined; data: TimelineData }) {
  const now = useNow();
  const [range, setRange] = useState<TimeRange | null>(momentRange(at));
  const shown = shownRange(range, now);
  const steps = [
    ['Earlier', () => moved(shown, -0.5)],
    ['Later', () => moved(shown, 0.5)],
    ['Closer', () => zoomed(shown, 0.5)],
    ['Wider', () => zoomed(shown, 2)],
  ] as const;
  return (
    <>
      <p className="summary">
        {dayAndTime(shown.from)} to {clockTime(shown.to)}. Drag over a stretch to look closer; a run opens at
        a click.
      </p>
      <Choices label="What part of time is shown">
        {steps.map(([words, next]) => (
          <Button key={words} onClick={() => setRange(next())}>
            {words}
          </Button>
        ))}
        <Button aria-pressed={range === null} onClick={() => setRange(null)}>
          Follow now
        </Button>
      </Choices>
      <section className="card" aria-label="Timeline">
        <TimelinePicture data={data} now={now} from={shown.from} to={shown.to} onChoose={setRange} />
        <p className="hint">
          Pale: the slot. Solid: the run. Hollow: nothing was due, or all of it is left for the next slot.
          Flags: events that start. Lines: who waits, tied to who goes first.
        </p>
        <RunsBehind data={data} now={now} range={shown} />
        <ConflictsBehind data={data} range={shown} />
      </section>
    </>
  );
}

const RunsBehind = ({ data, now, range }: { data: TimelineData; now: number; range: TimeRange }) => (
  <TableBehind
    caption="The runs in the picture, newest first"
    columns={['Sync of', 'Begun', 'Lasted', 'Result']}
    rows={data.runs
      .filter((run) => Date.parse(run.startedAt) <= range.to && endOf(run, now) >= range.from)
      .map((run) => ({
        key: run.id,
        cells: [kinds[run.kind].label, clockTime(run.startedAt), elapsed(run, now), outcome(run)],
      }))}
    none="None in this stretch."
  />
);

const ConflictsBehind = ({ data, range }: { data: TimelineData; range: TimeRange }) => (
  <TableBehind
    button="Who waited, as a table"
    caption="Who waited for whom, newest first"
    columns={['At', 'Who waits', 'For', 'Window', 'For how long']}
    rows={data.conflicts
      .filter(({ at }) => Date.parse(at) >= range.from && Date.parse(at) <= range.to)
      .map(({ at, budget, blocked, blockedBy, expectedWaitSeconds }, index) => ({
        key: `${at} ${index}`,
        cells: [
          clockTime(at),
          lanes[blocked].label,
          lanes[blockedBy].label,
          budgets[budget].label,
          duration(expectedWaitSeconds * 1_000),
        ],
      }))}
    none="Nobody in this stretch."
  />
);

interface TimelineProps {
  readonly data: TimelineData;
  readonly now: number;
  readonly from: number;
  readonly to: number;
  readonly onChoose: (range: TimeRange | null) => void;
}

const TimelinePicture = ({ data, now, from, to, onChoose }: TimelineProps) => (
  <TimePicture
    live
    label="Runs by kind, in their slots"
    layout={(width) => layoutTimeline(data, timeAxis(from, to, width), now)}
  >
    {({ axis, bands, flags, ties, height }, width) => (
      <>
        <Drag axis={axis} width={width} height={height} onChoose={onChoose} />
        {flags.map((flag) => (
          <Flag key={flag.x} flag={flag} height={height} />
        ))}
        {bands.map((band) => (
          <Band key={band.kind} band={band} />
        ))}
        {ties.map((tie) => (
          <Tie key={tie.key} tie={tie} />
        ))}
        {now >= from && now <= to && (
          <line className="now-edge" x1={axis.x(now)} x2={axis.x(now)} y1={flagHeight - 12} y2={height} />
        )}
      </>
    )}
  </TimePicture>
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

const Tie = ({ tie: { x, untilX, blockedY, blockerY, blocker, words } }: { tie: TieShape }) => (
  <g className="tie" stroke={laneColor(blocker)} fill={laneColor(blocker)}>
    <title>{words}</title>
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
        {kinds[kind].label}
      </text>
      {slots.map(({ id, x, width }) => (
        <rect key={id} className="slot" x={x} width={width} y={y + barY} height={barHeight} rx="3" />
      ))}
      {runs.map(({ id, x, width, look, words }) => (
        <a key={id} href={`#/runs/${id}`} aria-label={words} data-run={id} className={`run ${look}`}>
          <title>{words}</title>
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
    const chosen = held && dragged(axis.momentAt(held.start), axis.momentAt(held.end));
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
