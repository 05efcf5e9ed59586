import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { TableToggle } from './elements.tsx';
import { type PlotPoint, tickLabels, valueRange, valuesSince } from './plot-layout.ts';
import { DateTime } from './time.tsx';
import './plot.css';

interface PlotProps {
  /** What is drawn: `Rating`. */
  readonly label: string;
  /** `kg`, shown after values. */
  readonly unit?: string | undefined;
  /** Oldest first; a value holds until the next one. The same array as long as nothing has changed. */
  readonly points: readonly PlotPoint[];
  /** The ends of the time axis, ms since the epoch; default: the first and the last point. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

const height = 180;
/** More points would touch each other. */
const maxMarks = 60;

/** A line over real dates. A table below it has the same data as text. */
export function Plot({ label, unit = '', points, from, to }: PlotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const scheme = useColorScheme();
  const [pointed, setPointed] = useState<number>();
  useEffect(() => {
    const { current } = frame;
    if (!current || points.length === 0) return;
    const plot = new uPlot(
      { width: current.clientWidth, height, ...optionsOf(current, { points, from, to }, setPointed) },
      dataOf(points, to),
      current,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: current.clientWidth, height }));
    observer.observe(current);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [points, from, to, scheme]);

  const withUnit = (value: number) => `${value}${unit && ` ${unit}`}`;
  const shown = (pointed === undefined ? undefined : points[pointed]) ?? points.at(-1);
  return (
    <figure className="plot">
      <figcaption>
        <strong>{label}</strong>{' '}
        {shown && (
          <span className="hint">
            {withUnit(shown.value)}, <DateTime at={shown.at} />
          </span>
        )}
      </figcaption>
      {points.length === 0 ? (
        <p className="hint">No values in this time.</p>
      ) : (
        <>
          <div ref={frame} className="plot-frame" aria-hidden="true" />
          <TableToggle
            caption={`${label}, newest first`}
            columns={['Time', label]}
            numbers={[label]}
            rows={points.toReversed().map(({ at, value }) => ({
              key: String(at),
              cells: [<DateTime key="time" at={at} />, withUnit(value)],
            }))}
          />
        </>
      )}
    </figure>
  );
}

const steps = uPlot.paths.stepped?.({ align: 1 });

/** uPlot's times are seconds. The last value is drawn until the end of the axis. */
function dataOf(points: readonly PlotPoint[], to: number | undefined): uPlot.AlignedData {
  const last = points.at(-1);
  const drawn = last && to !== undefined && to > last.at ? [...points, { ...last, at: to }] : points;
  return [drawn.map(({ at }) => at / 1_000), drawn.map(({ value }) => value)];
}

function optionsOf(
  frame: HTMLElement,
  { points, from, to }: Pick<PlotProps, 'points' | 'from' | 'to'>,
  onPointed: (index: number | undefined) => void,
): Omit<uPlot.Options, 'width' | 'height'> {
  const shown = valuesSince(points, from ?? -Infinity);
  const style = getComputedStyle(frame);
  const color = (token: string) => style.getPropertyValue(token);
  const axis = {
    stroke: color('--ink-soft'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    hooks: { setCursor: [({ cursor: { idx } }) => onPointed(idx ?? undefined)] },
    scales: {
      x: {
        range: (_, min, max) => [
          from === undefined ? min : from / 1_000,
          to === undefined ? max : to / 1_000,
        ],
      },
      // uPlot ignores the value that holds at the start of the axis.
      y: { range: valueRange(Math.min(...shown), Math.max(...shown)) },
    },
    axes: [
      {
        ...axis,
        size: 26,
        space: 64,
        values: (_, ticks, __, ___, step) =>
          tickLabels(
            ticks.map((tick) => tick * 1_000),
            step * 1_000,
          ),
      },
      { ...axis, size: 44, space: 36, values: (_, ticks) => ticks.map(String) },
    ],
    series: [
      {},
      {
        stroke: color('--ink'),
        width: 1.5,
        ...(steps && { paths: steps }),
        points: {
          show: points.length <= maxMarks,
          size: 5,
          fill: color('--ink'),
          // The end of the axis is no point.
          filter: () => points.map((_, index) => index),
        },
      },
    ],
  };
}

const dark = matchMedia('(prefers-color-scheme: dark)');
function followScheme(listener: () => void): () => void {
  dark.addEventListener('change', listener);
  return () => dark.removeEventListener('change', listener);
}
/** A canvas keeps the colors that it was drawn with. */
const useColorScheme = () => useSyncExternalStore(followScheme, () => dark.matches);
