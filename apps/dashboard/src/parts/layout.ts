import { shortTime, clockTime } from '@paceline/client/text';
import { scaleUtc } from 'd3-scale';

const pixelsPerTick = 90;

export function timeAxis(from: number, to: number, width: number) {
  const scale = scaleUtc([from, to], [0, width]).clamp(true);
  const words = scale.tickFormat();
  const textOf = (tick: number) => (tick % 60_000 === 0 ? shortTime(tick) : clockTime(tick));
  return {
    from,
    to,
    /** Where a moment is; one beyond an edge is at the edge. */
    x: (moment: number) => pixel(scale(moment)),
    momentAt: (x: number) => scale.invert(x).getTime(),
    ticks: scale.ticks(Math.max(2, Math.floor(width / pixelsPerTick))).map((tick) => ({
      x: pixel(scale(tick)),
      words: tick.getTime() % 86_400_000 === 0 ? words(tick) : textOf(tick.getTime()),
    })),
  };
}

export type TimeAxis = ReturnType<typeof timeAxis>;

/** A tenth of a pixel is as fine as anybody sees. */
export const pixel = (x: number): number => Math.round(x * 10) / 10;

/** Pixels of a character in a row of words, on the wide side. */
const character = 6.9;

/** As much of some words as a row has room for; the table behind a picture has them all. */
export function fitted(words: string, width: number): string {
  const room = Math.max(1, Math.floor(width / character));
  return words.length <= room ? words : `${words.slice(0, room - 1).trimEnd()}…`;
}
