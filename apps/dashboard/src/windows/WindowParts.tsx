import type { WindowShape } from './layout.ts';

/** Of a window, without the labels below it. */
export const barHeight = 46;

export const Background = ({ nowX, width }: { nowX: number; width: number }) => (
  <>
    <rect className="window-past" width={nowX} height={barHeight} rx="4" />
    <rect className="window-future" x={nowX} width={Math.max(0, width - nowX)} height={barHeight} />
  </>
);

export const Pauses = ({ closed, nowX }: Pick<WindowShape, 'closed' | 'nowX'>) =>
  closed.map(({ by, toX }) => (
    <rect
      key={by}
      className={by === 'upstream' ? 'closed wrong-fill' : 'closed'}
      x={nowX}
      width={Math.max(0, toX - nowX)}
      height={barHeight}
      fill={`url(#hatch-${by})`}
    />
  ));

export const NowEdge = ({ x }: { x: number }) => (
  <line className="now-edge" x1={x} x2={x} y1="-2" y2={barHeight + 3} />
);

export const Labels = ({ labels, width }: { labels: WindowShape['ticks']; width: number }) =>
  labels.map(({ x, label }) => (
    <text
      key={`${x} ${label}`}
      className="axis"
      x={x}
      y={barHeight + 15}
      textAnchor={x === 0 ? 'start' : x === width ? 'end' : 'middle'}
    >
      {label}
    </text>
  ));
