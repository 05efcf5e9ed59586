import { type Budget, laneColour } from '@paceline/client';
import { budgets } from '@paceline/shared/definition';
import { Picture } from '../parts/Picture.tsx';
import { layoutWindow, type WindowShape } from './layout.ts';

const barHeight = 46;
const axisHeight = 18;

/** One budget: on the left of the now-edge the window, on the right who goes when. */
export function WindowPicture({ budget, now }: { budget: Budget; now: number }) {
  return (
    <Picture label={`The window of ${budgets[budget.budget].label}`} height={barHeight + axisHeight}>
      {(width) => {
        const shape = layoutWindow(budget, now, width);
        const { nowX, closed, ticks } = shape;
        return (
          <>
            <rect className="window-past" width={nowX} height={barHeight} rx="4" />
            <rect className="window-future" x={nowX} width={width - nowX} height={barHeight} />
            <Calls {...shape} />
            {closed.map(({ by, toX }) => (
              <rect
                key={by}
                className={by === 'upstream' ? 'closed wrong-fill' : 'closed'}
                x={nowX}
                width={toX - nowX}
                height={barHeight}
                fill={`url(#hatch-${by})`}
              />
            ))}
            <line className="now-edge" x1={nowX} x2={nowX} y1="-2" y2={barHeight + 3} />
            {ticks.map(({ x, words }) => (
              <text
                key={words}
                className="axis"
                x={x}
                y={barHeight + 15}
                textAnchor={x === 0 ? 'start' : x === width ? 'end' : 'middle'}
              >
                {words}
              </text>
            ))}
          </>
        );
      }}
    </Picture>
  );
}

function Calls({ rows, calls, expected }: Pick<WindowShape, 'rows' | 'calls' | 'expected'>) {
  const height = barHeight / rows;
  const gap = Math.min(4, height / 4);
  const inRow = (row: number) => ({ y: row * height + gap / 2, height: height - gap });
  return (
    <>
      {expected.map(({ ticket, lane, row, startX, leaveX }) => (
        <rect
          key={ticket}
          className="expected"
          stroke={laneColour(lane)}
          x={startX + 1}
          width={Math.max(1, leaveX - startX - 2)}
          {...inRow(row)}
          rx="3"
        />
      ))}
      {calls.map(({ permit, lane, row, startX, answeredX, leaveX, settled }) => (
        <g key={permit} fill={laneColour(lane)} data-permit={permit}>
          <rect className="counts" x={startX} width={leaveX - startX} {...inRow(row)} rx="3" />
          <rect
            className={settled ? 'called' : 'calling'}
            x={startX}
            width={Math.max(0, answeredX - startX)}
            {...inRow(row)}
          />
          <rect x={startX} width="3" {...inRow(row)} rx="1" />
          <rect x={Math.max(startX, leaveX - 1.5)} width="1.5" {...inRow(row)} />
        </g>
      ))}
    </>
  );
}

/** The patterns of closed windows, once for the page: red only where upstream said that something is wrong. */
export const Hatches = () => (
  <svg className="unseen" aria-hidden="true">
    <defs>
      {(['upstream', 'operator', 'unknown'] as const).map((by) => (
        <pattern
          key={by}
          id={`hatch-${by}`}
          width="7"
          height="7"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <line className={`hatch-${by}`} y2="7" strokeWidth="3" />
        </pattern>
      ))}
    </defs>
  </svg>
);
