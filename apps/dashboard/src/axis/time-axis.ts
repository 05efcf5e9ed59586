import { scaleUtc } from 'd3-scale';

/** Moments (project ms) as places in a picture, in pixels. */
export interface TimeAxis {
  readonly from: number;
  readonly to: number;
  /** Where a moment is; one beyond an edge is at the edge. */
  x(moment: number): number;
  /** The moment at a place. */
  momentAt(x: number): number;
  /** Round moments, as many as there is room for. */
  readonly ticks: readonly { readonly x: number; readonly words: string }[];
}

const pixelsPerTick = 90;

export function timeAxis(from: number, to: number, width: number): TimeAxis {
  const scale = scaleUtc([from, to], [0, width]).clamp(true);
  const words = scale.tickFormat();
  return {
    from,
    to,
    x: (moment) => pixel(scale(moment)),
    momentAt: (x) => scale.invert(x).getTime(),
    ticks: scale.ticks(Math.max(2, Math.floor(width / pixelsPerTick))).map((tick) => ({
      x: pixel(scale(tick)),
      words:
        tick.getTime() % 86_400_000 === 0
          ? words(tick)
          : tick.toISOString().slice(11, tick.getTime() % 60_000 === 0 ? 16 : 19),
    })),
  };
}

/** A tenth of a pixel is as fine as anybody sees. */
export const pixel = (x: number): number => Math.round(x * 10) / 10;
