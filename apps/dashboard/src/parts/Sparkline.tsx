import { type PlotPoint, sparkline } from './plot-layout.ts';

const [width, height] = [96, 24];

/** A small line without axes, for a table. @param label what a screen reader says instead */
export const Sparkline = ({ label, points }: { label: string; points: readonly PlotPoint[] }) => (
  <svg className="sparkline" role="img" aria-label={label} width={width} height={height}>
    <polyline points={sparkline(points, width, height)} />
  </svg>
);
