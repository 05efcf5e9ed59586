import { laneColour } from '@paceline/client';
import { laneNames, lanes } from '@paceline/shared/definition';
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import type { TimeAxis } from './layout.ts';

interface PictureProps {
  /** What the picture shows, in a sentence. */
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

interface AxisProps {
  readonly axis: TimeAxis;
  readonly width: number;
  /** Where the words stand; the lines go up from there. */
  readonly y: number;
}

/** The ticks of a picture's one time axis. */
export const Axis = ({ axis, width, y }: AxisProps) => (
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

export const Swatch = ({ colour }: { colour: string }) => (
  <span className="swatch" style={{ background: colour }} />
);

/** Which colour is which lane. */
export const Legend = () => (
  <ul className="legend" aria-label="Colours of the lanes, most urgent first">
    {laneNames.map((lane) => (
      <li key={lane}>
        <Swatch colour={laneColour(lane)} />
        {lanes[lane].label}
      </li>
    ))}
  </ul>
);
