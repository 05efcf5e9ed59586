import type { TimeAxis } from '../axis/time-axis.ts';

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
