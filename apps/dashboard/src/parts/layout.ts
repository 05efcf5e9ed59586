import { shortTime, clockTime } from '@paceline/client/text';
import { scaleTime } from 'd3-scale';

const pixelsPerTick = 90;

/** A time axis in the viewer's time zone, as the browser's. */
export function timeAxis(from: number, to: number, width: number) {
  const scale = scaleTime([from, to], [0, width]).clamp(true);
  const formatDay = scale.tickFormat();
  const formatTime = (tick: number) => (tick % 60_000 === 0 ? shortTime(tick) : clockTime(tick));
  return {
    from,
    to,
    /** The position of a time, clamped to the axis. */
    x: (time: number) => roundPixel(scale(time)),
    timeAt: (x: number) => scale.invert(x).getTime(),
    ticks: scale.ticks(Math.max(2, Math.floor(width / pixelsPerTick))).map((tick) => ({
      x: roundPixel(scale(tick)),
      /** Project ms. */
      time: tick.getTime(),
      label: formatTime(tick.getTime()) === '00:00' ? formatDay(tick) : formatTime(tick.getTime()),
    })),
  };
}

export type TimeAxis = ReturnType<typeof timeAxis>;

/** Rounds to a tenth of a pixel. */
export const roundPixel = (x: number): number => Math.round(x * 10) / 10;

/** Estimated pixels per character of row text, on the wide side. */
const characterWidth = 6.9;

/** Cuts a text to a width in pixels; the table next to the chart has the whole text. */
export function truncate(text: string, width: number): string {
  const room = Math.max(1, Math.floor(width / characterWidth));
  return text.length <= room ? text : `${text.slice(0, room - 1).trimEnd()}…`;
}
