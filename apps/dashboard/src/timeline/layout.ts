import type { Conflict, Event, Lane, Run, Schedule, SyncKind } from '../api/shapes.ts';
import type { TimeAxis } from '../axis/time-axis.ts';
import { budgetWords, laneWords } from '../palette.ts';
import { lasted, kindWords, outcome } from '../runs/words.ts';
import { clockTime, length } from '../time/words.ts';

export interface TimelineShape {
  readonly bands: readonly BandShape[];
  readonly flags: readonly FlagShape[];
  readonly ties: readonly TieShape[];
  readonly height: number;
}

export interface BandShape {
  readonly kind: SyncKind;
  readonly y: number;
  readonly slots: readonly { readonly id: string; readonly x: number; readonly width: number }[];
  readonly runs: readonly RunShape[];
}

export interface RunShape {
  readonly id: string;
  readonly x: number;
  readonly width: number;
  /** `hollow`: it synced nothing; what it should have done is left for the next slot, or nothing was due. */
  readonly look: 'solid' | 'hollow' | 'wrong';
  readonly words: string;
}

/** Events that start within a few pixels of each other share a flag. */
export interface FlagShape {
  readonly x: number;
  readonly titles: readonly string[];
}

/** A sync that waits, tied to the lane in whose favour it does. */
export interface TieShape {
  readonly key: string;
  readonly x: number;
  /** From the one that waits, for as long as it expects to. */
  readonly blockedY: number;
  readonly untilX: number;
  /** To the one that goes first: its band, or the top, where who waits for no slot comes from. */
  readonly blockerY: number;
  readonly blocker: Lane;
  readonly words: string;
}

/** What is known of the slots: those that were opened are told by their runs. */
export interface Told {
  readonly runs: readonly Run[];
  readonly events: readonly Event[];
  readonly conflicts: readonly Conflict[];
  readonly coming: Schedule['next'] | undefined;
}

const kinds = Object.keys(kindWords) as SyncKind[];
export const flagHeight = 30;
export const bandHeight = 46;
export const barY = 18;
export const barHeight = 20;
const flagWidth = 7;
const leastWidth = 3;

/** A band for each kind of sync, with the slots that were or will be opened and what was done in them; on top, what starts. */
export function layoutTimeline(told: Told, axis: TimeAxis, now: number): TimelineShape {
  const seen = (from: number, to: number) => to >= axis.from && from <= axis.to;
  const bands = kinds.map((kind, index): BandShape => {
    const own = told.runs.filter((run) => run.kind === kind);
    return {
      kind,
      y: bandY(index),
      slots: slotsOf(kind, own, told.coming)
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
  const conflicts = told.conflicts.filter(({ at }) => seen(Date.parse(at), Date.parse(at)));
  return {
    bands,
    flags: flagsOf(told.events, axis),
    ties: conflicts.map((conflict, index) => tieOf(conflict, `${conflict.at} ${index}`, axis)),
    height: bandY(kinds.length),
  };
}

const bandY = (index: number) => flagHeight + index * bandHeight;

function slotsOf(kind: SyncKind, runs: readonly Run[], coming: Told['coming']) {
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

const bandOfLane: Readonly<Partial<Record<Lane, SyncKind>>> = {
  near_event_normal: 'near',
  rider_sync: 'rider',
  far_event_sync: 'far',
};

function tieOf(
  { at, budget, blocked, blockedBy, expectedWaitSeconds }: Conflict,
  key: string,
  axis: TimeAxis,
): TieShape {
  const top = flagHeight - 6;
  const yOf = (lane: Lane, within: number) => {
    const kind = bandOfLane[lane];
    return kind === undefined ? top : bandY(kinds.indexOf(kind)) + barY + within;
  };
  const moment = Date.parse(at);
  return {
    key,
    x: axis.x(moment),
    untilX: axis.x(moment + expectedWaitSeconds * 1_000),
    blockedY: yOf(blocked, barHeight + 4),
    blockerY: yOf(blockedBy, barHeight / 2),
    blocker: blockedBy,
    words: `${clockTime(moment)}: ${laneWords[blocked]} waits for ${laneWords[blockedBy]} (${budgetWords[budget]}), ${length(expectedWaitSeconds * 1_000)}`,
  };
}

const endOf = ({ finishedAt }: Run, now: number) => (finishedAt === null ? now : Date.parse(finishedAt));

const lookOf = ({ state, mode, counts }: Run): RunShape['look'] => {
  if (state === 'failed') return 'wrong';
  return mode === 'observed' || (state === 'done' && counts.synced === 0) ? 'hollow' : 'solid';
};

/** e.g. `near events at 18:40:00, 9 min: 3 synced, 28 left for the next slot` */
const runWords = (run: Run, now: number) =>
  `${kindWords[run.kind]} at ${clockTime(Date.parse(run.startedAt))}, ${lasted(run, now)}: ${outcome(run)}`;

function flagsOf(events: readonly Event[], axis: TimeAxis): FlagShape[] {
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
