import { laneColor, type Queue } from '@paceline/client';
import { clockTime, countdown } from '@paceline/client/text';
import { budgets, lanes } from '@paceline/shared/definition';
import { reads } from '../api/reads.ts';
import { useNow } from '../app/clock.tsx';
import { Read, TableBehind } from '../parts/elements.tsx';
import { TimePicture } from '../parts/Picture.tsx';
import { allWaiting, type LaneBandShape, layoutLanes, type TicketShape } from './layout.ts';

export function LanesView() {
  return <Read from={reads.queue}>{(data) => <Lanes queue={data} />}</Read>;
}

function Lanes({ queue }: { queue: Queue }) {
  const now = useNow();
  const { waiting: count } = queue;
  return (
    <>
      <p className="summary">
        {count === 0
          ? 'Nobody waits for a permit.'
          : `${count} ${count === 1 ? 'waits' : 'wait'} for a permit.`}
      </p>
      <section className="card" aria-label="Lanes">
        <TimePicture label="Who waits in each lane" layout={(width) => layoutLanes(queue, now, width)}>
          {({ nowX, bands, height }, width) => (
            <>
              <line className="now-edge" x1={nowX} x2={nowX} y2={height} />
              {bands.map((band) => (
                <Band key={band.lane} band={band} nowX={nowX} width={width} />
              ))}
            </>
          )}
        </TimePicture>
        <TableBehind
          caption="Who waits for a permit, who goes first in front"
          columns={['Lane', 'Window', 'Waits since', 'Expected at', 'In']}
          rows={allWaiting(queue).map(({ ticket, lane, budget, askedAt, expectedAt }) => ({
            key: ticket,
            cells: [
              lanes[lane].label,
              budgets[budget].label,
              clockTime(askedAt),
              clockTime(expectedAt),
              countdown(expectedAt - now),
            ],
          }))}
          none="Nobody waits."
        />
      </section>
    </>
  );
}

interface BandPlace {
  readonly nowX: number;
  readonly width: number;
}

const Band = ({ band: { lane, y, tickets, more }, ...place }: { band: LaneBandShape } & BandPlace) => (
  <g>
    <rect width="10" height="10" y={y + 4} rx="3" fill={laneColor(lane)} />
    <text className="band-name halo" x="16" y={y + 13}>
      {lanes[lane].label}
      {tickets.length === 0 && <tspan className="axis"> · nobody</tspan>}
      {more > 0 && <tspan className="axis"> · and {more} more</tspan>}
    </text>
    {tickets.map((ticket) => (
      <Ticket key={ticket.ticket} shape={ticket} color={laneColor(lane)} {...place} />
    ))}
  </g>
);

function Ticket({ shape, color, nowX, width }: { shape: TicketShape; color: string } & BandPlace) {
  const { budget, y, askedX, expectedX, left } = shape;
  const words = `${budgets[budget].label}, in ${countdown(left)}`;
  const beside = expectedX + 10 + words.length * 6 < width;
  return (
    <g>
      <line stroke={color} strokeWidth="6" strokeLinecap="round" x1={askedX} x2={nowX} y1={y} y2={y} />
      <line stroke={color} strokeWidth="1.5" strokeDasharray="4 3" x1={nowX} x2={expectedX} y1={y} y2={y} />
      <circle r="4" cx={expectedX} cy={y} fill="var(--card)" stroke={color} strokeWidth="1.5" />
      <text
        className="axis halo wide"
        x={beside ? expectedX + 9 : expectedX - 9}
        y={y + 4}
        textAnchor={beside ? 'start' : 'end'}
      >
        {words}
      </text>
    </g>
  );
}
