import { laneColor } from '@paceline/client';
import { foreignText, sentenceCase, usageText } from '@paceline/client/text';
import { type AlignedBudget, layoutAligned } from './aligned-layout.ts';
import { Background, barHeight, Labels, NowEdge, Pauses } from './WindowParts.tsx';

/** Between two resets: the sum of the calls, the pace that it follows, and the reserve above. */
export function AlignedWindow({ budget, now, width }: { budget: AlignedBudget; now: number; width: number }) {
  const { nowX, area, ticks, foreign, expected, reserve, pace, closed, labels } = layoutAligned(
    budget,
    now,
    width,
    barHeight,
  );
  const title = [usageText(budget, now), foreignText(budget, now)].filter((text) => text !== undefined);
  return (
    <g data-aligned="">
      <title>{sentenceCase(title.join('; '))}</title>
      <Background nowX={nowX} width={width} />
      {reserve && <rect className="reserve" width={width} {...reserve} />}
      <path className="sum" d={area} />
      {ticks.map(({ lane, x }) => (
        <rect key={`${lane} ${x}`} fill={laneColor(lane)} x={x} width="1.5" y={barHeight - 6} height="6" />
      ))}
      {foreign && (
        <rect
          className="foreign"
          width={Math.max(2, nowX - foreign.x)}
          {...foreign}
          fill="url(#hatch-foreign)"
        />
      )}
      {expected !== undefined && <path className="expected sum-line" d={expected} />}
      {pace && <line className="pace-line" x1="0" x2={width} {...pace} />}
      <Pauses closed={closed} nowX={nowX} />
      <NowEdge x={nowX} />
      {[0, width].map((x) => (
        <line key={x} className="reset-edge" x1={x} x2={x} y2={barHeight + 3} />
      ))}
      <Labels labels={labels} width={width} />
    </g>
  );
}
