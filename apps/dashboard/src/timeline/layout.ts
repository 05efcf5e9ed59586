import { type Conflict, type Event, laneOf, type Run, type Schedule, type SyncKind } from '@paceline/client';
import { budgetLabel, dayAndTime, duration, elapsed, hasFailed, outcome } from '@paceline/client/text';
import { kindNames, kinds } from '@paceline/shared/definition';
import type { TimeAxis } from '../parts/layout.ts';
import { utcText } from '../parts/zone.ts';

type TimelineShape = ReturnType<typeof layoutTimeline>;
export type KindBandShape = TimelineShape['bands'][number];
export type FlagShape = TimelineShape['flags'][number];
export type ConflictShape = TimelineShape['conflictLines'][number];

/** The data of the timeline. Past slots are known from their runs only. */
export interface TimelineData {
  readonly runs: readonly Run[];
  readonly events: readonly Event[];
  readonly conflicts: readonly Conflict[];
  readonly upcoming: Schedule['nextSlots'] | undefined;
}

export const flagHeight = 30;
export const bandHeight = 46;
export const barY = 18;
export const barHeight = 20;
const flagWidth = 7;
const minWidth = 3;

/** One band per sync kind with its slots and runs; event starts on top. */
export function layoutTimeline(data: TimelineData, axis: TimeAxis, now: number) {
  const isVisible = (from: number, to: number) => to >= axis.from && from <= axis.to;
  const bands = kindNames.map((kind, index) => {
    const own = data.runs.filter((run) => run.kind === kind);
    return {
      kind,
      y: bandY(index),
      slots: slotsOf(kind, own, data.upcoming)
        .filter(({ from, to }) => isVisible(from, to))
        .map(({ slotId, from, to }) => ({ slotId, x: axis.x(from), width: axis.x(to) - axis.x(from) })),
      runs: own
        .filter((run) => isVisible(Date.parse(run.startedAt), endOf(run, now)))
        .map((run) => {
          const x = axis.x(Date.parse(run.startedAt));
          const width = Math.max(minWidth, axis.x(endOf(run, now)) - x);
          const [text, utc] = [runText(run, now), utcText(run.startedAt)];
          return { runId: run.runId, x, width, style: styleOf(run), text, utc };
        }),
    };
  });
  const conflicts = data.conflicts
    .filter(({ at }) => isVisible(Date.parse(at), Date.parse(at)))
    // Only syncs have a band.
    .filter(({ blocked, blockedBy }) => kindOfLane(blocked) ?? kindOfLane(blockedBy));
  return {
    axis,
    bands,
    flags: flagsOf(data.events, axis),
    conflictLines: conflicts.map((conflict, index) =>
      conflictShape(conflict, `${conflict.at} ${index}`, axis),
    ),
    height: bandY(kindNames.length),
  };
}

const bandY = (index: number) => flagHeight + index * bandHeight;

function slotsOf(kind: SyncKind, runs: readonly Run[], upcoming: TimelineData['upcoming']) {
  const opened = runs.map(({ slot: { slotId, opensAt, closesAt } }) => ({
    slotId,
    from: Date.parse(opensAt),
    to: Date.parse(closesAt),
  }));
  const known = new Set(opened.map(({ slotId }) => slotId));
  const next = upcoming?.[kind] ?? [];
  return [
    ...opened,
    ...next
      .filter(({ slotId }) => !known.has(slotId))
      .map(({ slotId, opensAt, closesAt }) => ({
        slotId,
        from: Date.parse(opensAt),
        to: Date.parse(closesAt),
      })),
  ];
}

const kindOfLane = (lane: string): SyncKind | undefined =>
  kindNames.find((kind) => kinds[kind].lane === lane);

/** A line from the delayed sync to the band of the lane that goes first; lanes without slots are at the top. */
function conflictShape(
  { at, budget, blocked, blockedBy, expectedWaitSeconds }: Conflict,
  key: string,
  axis: TimeAxis,
) {
  const top = flagHeight - 6;
  const yOf = (lane: string, within: number) => {
    const kind = kindOfLane(lane);
    return kind === undefined ? top : bandY(kindNames.indexOf(kind)) + barY + within;
  };
  const time = Date.parse(at);
  return {
    key,
    x: axis.x(time),
    untilX: axis.x(time + expectedWaitSeconds * 1_000),
    blockedY: yOf(blocked, barHeight + 4),
    blockerY: yOf(blockedBy, barHeight / 2),
    blocker: blockedBy,
    utc: utcText(at),
    text: `${dayAndTime(at)}: ${laneOf(blocked).label} delayed ${duration(expectedWaitSeconds * 1_000)} by ${laneOf(blockedBy).label} (${budgetLabel(budget)})`,
  };
}

export const endOf = ({ finishedAt }: Run, now: number) =>
  finishedAt === null ? now : Date.parse(finishedAt);

/** `hollow`: the run synced nothing, because nothing was due or everything was deferred. */
const styleOf = ({ state, mode, counts }: Run): 'solid' | 'hollow' | 'wrong' => {
  if (hasFailed({ state })) return 'wrong';
  return mode === 'observed' || (state === 'done' && counts.synced === 0) ? 'hollow' : 'solid';
};

/** e.g. `near sync at Thu 26 Nov 18:40:00, 9 min: 3 near events synced, 28 deferred to the next slot` */
const runText = (run: Run, now: number) =>
  `${kinds[run.kind].label} at ${dayAndTime(run.startedAt)}, ${elapsed(run, now)}: ${outcome(run)}`;

/** Events that start within a few pixels of each other share a flag. */
function flagsOf(events: readonly Event[], axis: TimeAxis) {
  const flags: { x: number; titles: string[] }[] = [];
  const starting = events
    .map(({ title, startsAt }) => ({
      title: `${title}, ${dayAndTime(startsAt)} (${utcText(startsAt)})`,
      start: Date.parse(startsAt),
    }))
    .filter(({ start }) => start >= axis.from && start <= axis.to)
    .toSorted((one, other) => one.start - other.start);
  for (const { title, start } of starting) {
    const x = axis.x(start);
    const last = flags.at(-1);
    if (last && x - last.x < flagWidth) last.titles.push(title);
    else flags.push({ x, titles: [title] });
  }
  return flags;
}

const minute = 60_000;
const hour = 60 * minute;

/** A time range, project ms. Where null is allowed, it follows now. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

const pastMs = 3 * hour;
const futureMs = hour;
const minRangeMs = 2 * minute;
const maxRangeMs = 48 * hour;

export const shownRange = (range: TimeRange | null, now: number): TimeRange =>
  range ?? { from: now - pastMs, to: now + futureMs };

export function rangeAround(text: string | undefined): TimeRange | null {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? null : around(time, hour);
}

/** The range between two drag positions; undefined for a mere click. */
export function draggedRange(one: number, other: number): TimeRange | undefined {
  const [from, to] = [Math.min(one, other), Math.max(one, other)];
  return to - from < minRangeMs / 4 ? undefined : around((from + to) / 2, to - from);
}

export const zoomed = ({ from, to }: TimeRange, factor: number): TimeRange =>
  around((from + to) / 2, (to - from) * factor);

export const moved = ({ from, to }: TimeRange, share: number): TimeRange =>
  around((from + to) / 2 + (to - from) * share, to - from);

function around(middle: number, length: number): TimeRange {
  const clamped = Math.min(maxRangeMs, Math.max(minRangeMs, length));
  return { from: middle - clamped / 2, to: middle + clamped / 2 };
}
