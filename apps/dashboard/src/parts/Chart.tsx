import { inOrder, laneColor, laneOf } from '@paceline/client';
import { sentenceCase } from '@paceline/client/text';
import { laneNames } from '@paceline/shared/definition';
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import type { TimeAxis } from './layout.ts';
import { utcText } from './zone.ts';

interface ChartProps {
  readonly label: string;
  readonly height: number;
  /** Parts of the chart can be focused or clicked. */
  readonly interactive?: boolean;
  readonly children: (width: number) => ReactNode;
}

/** An SVG that fills the available width, drawn in pixels. A table next to it has the same data as text. */
export function Chart({ label, height, interactive = false, children }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const { current } = frame;
    if (!current) return;
    setWidth(current.clientWidth);
    const observer = new ResizeObserver(() => setWidth(current.clientWidth));
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={frame} className="chart" style={{ height }}>
      {width > 0 && (
        <svg role={interactive ? 'group' : 'img'} aria-label={label} width={width} height={height}>
          {children(width)}
        </svg>
      )}
    </div>
  );
}

const axisHeight = 22;

interface TimeChartProps<Shape> extends Omit<ChartProps, 'height' | 'children'> {
  /** The shapes at a given width; the height does not depend on it. */
  readonly layout: (width: number) => Shape;
  readonly children: (shape: Shape, width: number) => ReactNode;
}

export function TimeChart<Shape extends { readonly axis: TimeAxis; readonly height: number }>({
  layout,
  children,
  ...chart
}: TimeChartProps<Shape>) {
  return (
    <Chart {...chart} height={layout(1).height + axisHeight}>
      {(width) => {
        const shape = layout(width);
        return (
          <>
            <Axis axis={shape.axis} width={width} y={shape.height + axisHeight - 4} />
            {children(shape, width)}
          </>
        );
      }}
    </Chart>
  );
}

/** The ticks of a time axis: labels at `y`, grid lines above. */
const Axis = ({ axis, width, y }: { axis: TimeAxis; width: number; y: number }) => (
  <g>
    {axis.ticks.map(({ x, time, label }) => (
      <g key={x}>
        <line className="grid" x1={x} x2={x} y2={y - 13} />
        <text className="axis" x={x} y={y} textAnchor={x < 20 ? 'start' : x > width - 20 ? 'end' : 'middle'}>
          <title>{utcText(time)}</title>
          {label}
        </text>
      </g>
    ))}
  </g>
);

export const Swatch = ({ color }: { color: string }) => (
  <span className="swatch" style={{ background: color }} />
);

/** @param lanes those to name beside the lanes of the syncs */
export const Legend = ({ lanes = [] }: { lanes?: readonly string[] }) => (
  <ul className="legend" aria-label="Lane colors, the most urgent lane first">
    {inOrder([...laneNames, ...lanes]).map((lane) => (
      <li key={lane}>
        <Swatch color={laneColor(lane)} />
        {sentenceCase(laneOf(lane).label)}
      </li>
    ))}
  </ul>
);
