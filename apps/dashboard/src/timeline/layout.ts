import type { Event, Run, SyncKind } from '../api/shapes.ts';
import type { TimeAxis } from '../axis/time-axis.ts';
import { lasted, kindWords, outcome } from '../runs/words.ts';
import { clockTime } from '../time/words.ts';

export interface TimelineShape {
  readonly bands: readonly BandShape[];
  readonly flags: readonly FlagShape[];
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

const kinds = Object.keys(kindWords) as SyncKind[];
export const flagHeight = 30;
export const bandHeight = 46;
export const barY = 18;
export const barHeight = 20;
const flagWidth = 7;
const leastWidth = 3;

/** A band for each kind of sync, with the slots that were opened and what was done in them; the events' starts above. */
export function layoutTimeline(
  runs: readonly Run[],
  events: readonly Event[],
  axis: TimeAxis,
  now: number,
): TimelineShape {
  const seen = (from: number, to: number) => to >= axis.from && from <= axis.to;
  const bands = kinds.map((kind, index): BandShape => {
    const own = runs.filter((run) => run.kind === kind);
    return {
      kind,
      y: flagHeight + index * bandHeight,
      slots: own
        .map(({ slot }) => ({
          id: slot.id,
          from: Date.parse(slot.scheduledFor),
          to: Date.parse(slot.endsAt),
        }))
        .filter(({ from, to }) => seen(from, to))
        .map(({ id, from, to }) => ({ id, x: axis.x(from), width: axis.x(to) - axis.x(from) })),
      runs: own
        .filter((run) => seen(Date.parse(run.startedAt), endOf(run, now)))
        .map((run) => {
          const x = axis.x(Date.parse(run.startedAt));
          return {
            id: run.id,
            x,
            width: Math.max(leastWidth, axis.x(endOf(run, now)) - x),
            look: lookOf(run),
            words: runWords(run, now),
          };
        }),
    };
  });
  return { bands, flags: flagsOf(events, axis), height: flagHeight + kinds.length * bandHeight };
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
