import { laneColor } from '@paceline/client';
import { laneNames, lanes } from '@paceline/shared/definition';
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import type { TimeAxis } from './layout.ts';

interface PictureProps {
  readonly label: string;
  readonly height: number;
  /** Something in it can be opened: it is no mere image then. */
  readonly live?: boolean;
  readonly children: (width: number) => ReactNode;
}

/** An SVG as wide as there is room for, drawn in pixels. The table behind it says the same in words. */
export function Picture({ label, height, live = false, children }: PictureProps) {
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
    <div ref={frame} className="picture" style={{ height }}>
      {width > 0 && (
        <svg role={live ? 'group' : 'img'} aria-label={label} width={width} height={height}>
          {children(width)}
        </svg>
      )}
    </div>
  );
}

const axisHeight = 22;

interface TimePictureProps<Shape> extends Omit<PictureProps, 'height' | 'children'> {
  /** The shapes of a picture of some width; its height is the same at any. */
  readonly layout: (width: number) => Shape;
  readonly children: (shape: Shape, width: number) => ReactNode;
}

export function TimePicture<Shape extends { readonly axis: TimeAxis; readonly height: number }>({
  layout,
  children,
  ...picture
}: TimePictureProps<Shape>) {
  return (
    <Picture {...picture} height={layout(1).height + axisHeight}>
      {(width) => {
        const shape = layout(width);
        return (
          <>
            <Axis axis={shape.axis} width={width} y={shape.height + axisHeight - 4} />
            {children(shape, width)}
          </>
        );
      }}
    </Picture>
  );
}

/** The ticks of a time axis; the words stand at `y`, the lines go up from there. */
const Axis = ({ axis, width, y }: { axis: TimeAxis; width: number; y: number }) => (
  <g>
    {axis.ticks.map(({ x, words }) => (
      <g key={x}>
        <line className="grid" x1={x} x2={x} y2={y - 13} />
        <text className="axis" x={x} y={y} textAnchor={x < 20 ? 'start' : x > width - 20 ? 'end' : 'middle'}>
          {words}
        </text>
      </g>
    ))}
  </g>
);

export const Swatch = ({ color }: { color: string }) => (
  <span className="swatch" style={{ background: color }} />
);

export const Legend = () => (
  <ul className="legend" aria-label="Colors of the lanes, most urgent first">
    {laneNames.map((lane) => (
      <li key={lane}>
        <Swatch color={laneColor(lane)} />
        {lanes[lane].label}
      </li>
    ))}
  </ul>
);
