import { laneColor, laneOf, type Queue } from '@paceline/client';
import { countdown, sentenceCase } from '@paceline/client/text';
import { count } from '@paceline/shared/words';
import { reads } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Read, TableToggle } from '../parts/elements.tsx';
import { TimeChart } from '../parts/Chart.tsx';
import { Time } from '../parts/time.tsx';
import { waitingRequests, type LaneBandShape, layoutLanes, type RequestShape } from './layout.ts';

export function LanesPage() {
  return (
    <Read from={reads.queue} live>
      {(data) => <Lanes queue={data} />}
    </Read>
  );
}

function Lanes({ queue }: { queue: Queue }) {
  const now = useNow();
  const { waiting } = queue;
  return (
    <>
      <p className="summary">
        {waiting === 0 ? 'No requests waiting.' : `${count(waiting, 'request')} waiting for a permit.`}
      </p>
      <section className="card" aria-label="Lanes">
        <TimeChart label="Waiting requests by lane" layout={(width) => layoutLanes(queue, now, width)}>
          {({ nowX, bands, height }, width) => (
            <>
              <line className="now-edge" x1={nowX} x2={nowX} y2={height} />
              {bands.map((band) => (
                <Band key={band.lane} band={band} nowX={nowX} width={width} />
              ))}
            </>
          )}
        </TimeChart>
        <TableToggle
          caption="Waiting requests, the next one first"
          columns={['Lane', 'Rate limit', 'Requested at', 'Expected at', 'Time left']}
          rows={waitingRequests(queue).map(({ requestId, lane, budget, requestedAt, estimatedAt }) => ({
            key: requestId,
            cells: [
              sentenceCase(laneOf(lane).label),
              budget,
              <Time key="requested" at={requestedAt} />,
              <Time key="expected" at={estimatedAt} />,
              countdown(estimatedAt - now),
            ],
          }))}
          emptyText="No requests waiting."
        />
      </section>
    </>
  );
}

interface BandPosition {
  readonly nowX: number;
  readonly width: number;
}

const Band = ({
  band: { lane, y, requests, hiddenCount },
  ...position
}: { band: LaneBandShape } & BandPosition) => (
  <g>
    <rect width="10" height="10" y={y + 4} rx="3" fill={laneColor(lane)} />
    <text className="band-name halo" x="16" y={y + 13}>
      {sentenceCase(laneOf(lane).label)}
      {requests.length === 0 && <tspan className="axis"> · none waiting</tspan>}
      {hiddenCount > 0 && <tspan className="axis"> · {hiddenCount} more not shown</tspan>}
    </text>
    {requests.map((request) => (
      <WaitingRequest key={request.requestId} shape={request} color={laneColor(lane)} {...position} />
    ))}
  </g>
);

function WaitingRequest({
  shape,
  color,
  nowX,
  width,
}: { shape: RequestShape; color: string } & BandPosition) {
  const { budget, y, requestedX, estimatedX, remainingMs } = shape;
  const label = `${budget} · in ${countdown(remainingMs)}`;
  const fitsRight = estimatedX + 10 + label.length * 6 < width;
  return (
    <g>
      <line stroke={color} strokeWidth="6" strokeLinecap="round" x1={requestedX} x2={nowX} y1={y} y2={y} />
      <line stroke={color} strokeWidth="1.5" strokeDasharray="4 3" x1={nowX} x2={estimatedX} y1={y} y2={y} />
      <circle r="4" cx={estimatedX} cy={y} fill="var(--card)" stroke={color} strokeWidth="1.5" />
      <text
        className="axis halo wide"
        x={fitsRight ? estimatedX + 9 : estimatedX - 9}
        y={y + 4}
        textAnchor={fitsRight ? 'start' : 'end'}
      >
        {label}
      </text>
    </g>
  );
}
