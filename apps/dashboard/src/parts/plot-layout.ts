export interface PlotPoint {
  /** Ms since the epoch. */
  readonly at: number;
  readonly value: number;
}

/** Share of the value that the axis spans at least, so that noise does not look like a change. */
const minSpan = 0.04;

/** The range of a value axis, with room above and below. */
export function valueRange(min: number, max: number): [number, number] {
  const middle = (min + max) / 2;
  const half = Math.max((max - min) / 2, (Math.abs(middle) * minSpan) / 2, 0.5) * 1.15;
  return [middle - half, middle + half];
}

/** The values that a line shows from a time on: the one that holds then, and all later ones. */
export function valuesSince(points: readonly PlotPoint[], from: number): number[] {
  const first = points.findLastIndex(({ at }) => at <= from);
  return points.slice(Math.max(0, first)).map(({ value }) => value);
}

const dayMs = 86_400_000;

/** Labels of the ticks of a time axis in the viewer's time zone. @param stepMs between two ticks */
export function tickLabels(ticks: readonly number[], stepMs: number, timeZone?: string): string[] {
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-GB', { ...options, ...(timeZone !== undefined && { timeZone }) });
  const time = format({ hour: '2-digit', minute: '2-digit' });
  const day = format({ day: 'numeric', month: 'short' });
  const month = format({ month: 'short' });
  const monthAndYear = format({ month: 'short', year: 'numeric' });
  return ticks.map((tick) => {
    if (stepMs < dayMs) return time.format(tick) === '00:00' ? day.format(tick) : time.format(tick);
    if (stepMs < 28 * dayMs) return day.format(tick);
    return month.format(tick) === 'Jan' ? monthAndYear.format(tick) : month.format(tick);
  });
}

/** The points of a line without axes, from the first to the last time; flat lines are in the middle. */
export function sparkline(points: readonly PlotPoint[], width: number, height: number): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return '';
  const values = points.map(({ value }) => value);
  const [low, high] = valueRange(Math.min(...values), Math.max(...values));
  const span = Math.max(1, last.at - first.at);
  const rounded = (pixels: number) => Math.round(pixels * 10) / 10;
  return points
    .map(({ at, value }) => {
      const x = rounded(((at - first.at) / span) * width);
      return `${x},${rounded(height - ((value - low) / (high - low)) * height)}`;
    })
    .join(' ');
}
