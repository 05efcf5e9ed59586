import type { Conflict, Event, Lane, Run, Schedule, SyncKind } from '@paceline/client';
import { clockTime, duration, elapsed, outcome } from '@paceline/client/text';
import { budgets, kindNames, kinds, lanes } from '@paceline/shared/definition';
import type { TimeAxis } from '../parts/layout.ts';

type TimelineShape = ReturnType<typeof layoutTimeline>;
export type KindBandShape = TimelineShape['bands'][number];
export type FlagShape = TimelineShape['flags'][number];
export type TieShape = TimelineShape['ties'][number];

/** What the timeline is drawn from: slots that were opened are known by their runs. */
export interface TimelineData {
  readonly runs: readonly Run[];
  readonly events: readonly Event[];
  readonly conflicts: readonly Conflict[];
  readonly coming: Schedule['next'] | undefined;
}

export const flagHeight = 30;
export const bandHeight = 46;
export const barY = 18;
export const barHeight = 20;
const flagWidth = 7;
const leastWidth = 3;

/** A band for each kind of sync, with the slots that were or will be opened and what was done in them; on top, what starts. */
export function layoutTimeline(data: TimelineData, axis: TimeAxis, now: number) {
  const seen = (from: number, to: number) => to >= axis.from && from <= axis.to;
  const bands = kindNames.map((kind, index) => {
    const own = data.runs.filter((run) => run.kind === kind);
    return {
      kind,
      y: bandY(index),
      slots: slotsOf(kind, own, data.coming)
        .filter(({ from, to }) => seen(from, to))
        .map(({ id, from, to }) => ({ id, x: axis.x(from), width: axis.x(to) - axis.x(from) })),
      runs: own
        .filter((run) => seen(Date.parse(run.startedAt), endOf(run, now)))
        .map((run) => {
          const x = axis.x(Date.parse(run.startedAt));
          const width = Math.max(leastWidth, axis.x(endOf(run, now)) - x);
          return { id: run.id, x, width, look: lookOf(run), words: runWords(run, now) };
        }),
    };
  });
  const conflicts = data.conflicts.filter(({ at }) => seen(Date.parse(at), Date.parse(at)));
  return {
    axis,
    bands,
    flags: flagsOf(data.events, axis),
    ties: conflicts.map((conflict, index) => tieOf(conflict, `${conflict.at} ${index}`, axis)),
    height: bandY(kindNames.length),
  };
}

const bandY = (index: number) => flagHeight + index * bandHeight;

function slotsOf(kind: SyncKind, runs: readonly Run[], coming: TimelineData['coming']) {
  const opened = runs.map(({ slot: { id, scheduledFor, endsAt } }) => ({
    id,
    from: Date.parse(scheduledFor),
    to: Date.parse(endsAt),
  }));
  const known = new Set(opened.map(({ id }) => id));
  const next = coming?.[kind] ?? [];
  return [
    ...opened,
    ...next
      .filter(({ id }) => !known.has(id))
      .map(({ id, opensAt, endsAt }) => ({ id, from: Date.parse(opensAt), to: Date.parse(endsAt) })),
  ];
}

const kindOfLane = (lane: Lane): SyncKind | undefined => kindNames.find((kind) => kinds[kind].lane === lane);

/** Ties a sync that waits to the band of the lane that goes first; lanes without slots are at the top. */
function tieOf(
  { at, budget, blocked, blockedBy, expectedWaitSeconds }: Conflict,
  key: string,
  axis: TimeAxis,
) {
  const top = flagHeight - 6;
  const yOf = (lane: Lane, within: number) => {
    const kind = kindOfLane(lane);
    return kind === undefined ? top : bandY(kindNames.indexOf(kind)) + barY + within;
  };
  const moment = Date.parse(at);
  return {
    key,
    x: axis.x(moment),
    untilX: axis.x(moment + expectedWaitSeconds * 1_000),
    blockedY: yOf(blocked, barHeight + 4),
    blockerY: yOf(blockedBy, barHeight / 2),
    blocker: blockedBy,
    words: `${clockTime(at)}: ${lanes[blocked].label} waits for ${lanes[blockedBy].label} (${budgets[budget].label}), ${duration(expectedWaitSeconds * 1_000)}`,
  };
}

export const endOf = ({ finishedAt }: Run, now: number) =>
  finishedAt === null ? now : Date.parse(finishedAt);

/** `hollow`: it synced nothing; what it should have done is left for the next slot, or nothing was due. */
const lookOf = ({ state, mode, counts }: Run): 'solid' | 'hollow' | 'wrong' => {
  if (state === 'failed') return 'wrong';
  return mode === 'observed' || (state === 'done' && counts.synced === 0) ? 'hollow' : 'solid';
};

/** e.g. `near events at 18:40:00, 9 min: 3 synced, 28 left for the next slot` */
const runWords = (run: Run, now: number) =>
  `${kinds[run.kind].label} at ${clockTime(run.startedAt)}, ${elapsed(run, now)}: ${outcome(run)}`;

/** Events that start within a few pixels of each other share a flag. */
function flagsOf(events: readonly Event[], axis: TimeAxis) {
  const flags: { x: number; titles: string[] }[] = [];
  const starting = events
    .map(({ title, startsAt }) => ({ title, start: Date.parse(startsAt) }))
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

/** What part of time is looked at; null follows now. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

const before = 3 * hour;
const after = hour;
const least = 2 * minute;
const most = 48 * hour;

export const shownRange = (range: TimeRange | null, now: number): TimeRange =>
  range ?? { from: now - before, to: now + after };

export function momentRange(text: string | undefined): TimeRange | null {
  const moment = Date.parse(text ?? '');
  return Number.isNaN(moment) ? null : around(moment, hour);
}

/** A stretch that was dragged over; undefined when it was no more than a click. */
export function dragged(one: number, other: number): TimeRange | undefined {
  const [from, to] = [Math.min(one, other), Math.max(one, other)];
  return to - from < least / 4 ? undefined : around((from + to) / 2, to - from);
}

export const zoomed = ({ from, to }: TimeRange, factor: number): TimeRange =>
  around((from + to) / 2, (to - from) * factor);

export const moved = ({ from, to }: TimeRange, share: number): TimeRange =>
  around((from + to) / 2 + (to - from) * share, to - from);

function around(middle: number, length: number): TimeRange {
  const kept = Math.min(most, Math.max(least, length));
  return { from: middle - kept / 2, to: middle + kept / 2 };
}
