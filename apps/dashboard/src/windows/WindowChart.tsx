import { type Budget, laneColor } from '@paceline/client';
import { Chart } from '../parts/Chart.tsx';
import { AlignedWindow } from './AlignedWindow.tsx';
import { isAligned } from './aligned-layout.ts';
import { layoutWindow, type WindowShape } from './layout.ts';
import { Background, barHeight, Labels, NowEdge, Pauses } from './WindowParts.tsx';

const axisHeight = 18;

export function WindowChart({ budget, now }: { budget: Budget; now: number }) {
  return (
    <Chart label={`Rate limit window of ${budget.label}`} height={barHeight + axisHeight}>
      {(width) =>
        isAligned(budget) ? (
          <AlignedWindow budget={budget} now={now} width={width} />
        ) : (
          <SlidingWindow shape={layoutWindow(budget, now, width)} width={width} />
        )
      }
    </Chart>
  );
}

const SlidingWindow = ({ shape, width }: { shape: WindowShape; width: number }) => (
  <>
    <Background nowX={shape.nowX} width={width} />
    <Calls {...shape} />
    <Pauses closed={shape.closed} nowX={shape.nowX} />
    <NowEdge x={shape.nowX} />
    <Labels labels={shape.ticks} width={width} />
  </>
);

function Calls({
  rows,
  calls,
  foreign,
  expected,
}: Pick<WindowShape, 'rows' | 'calls' | 'foreign' | 'expected'>) {
  const height = barHeight / rows;
  const gap = Math.min(4, height / 4);
  const inRow = (row: number) => ({ y: row * height + gap / 2, height: height - gap });
  return (
    <>
      {expected.map(({ requestId, lane, row, startX, leaveX }) => (
        <rect
          key={requestId}
          className="expected"
          stroke={laneColor(lane)}
          x={startX + 1}
          width={Math.max(1, leaveX - startX - 2)}
          {...inRow(row)}
          rx="3"
        />
      ))}
      {foreign.map(({ row, startX, leaveX }) => (
        <g key={row} data-foreign="">
          <title>A call of another program with this key</title>
          <rect
            className="foreign"
            x={startX}
            width={leaveX - startX}
            {...inRow(row)}
            rx="3"
            fill="url(#hatch-foreign)"
          />
        </g>
      ))}
      {calls.map(({ permitId, lane, row, startX, respondedX, leaveX, settled, text }) => (
        <g key={permitId} fill={laneColor(lane)} data-permit={permitId}>
          <title>{text}</title>
          <rect className="counts" x={startX} width={leaveX - startX} {...inRow(row)} rx="3" />
          <rect
            className={settled ? 'called' : 'calling'}
            x={startX}
            width={Math.max(0, respondedX - startX)}
            {...inRow(row)}
          />
          <rect x={startX} width="3" {...inRow(row)} rx="1" />
          <rect x={Math.max(startX, leaveX - 1.5)} width="1.5" {...inRow(row)} />
        </g>
      ))}
    </>
  );
}
