import type { Queue } from '@paceline/client';
import { laneNames } from '@paceline/shared/definition';
import { timeAxis } from '../parts/layout.ts';

export type LaneBandShape = ReturnType<typeof layoutLanes>['bands'][number];
export type TicketShape = LaneBandShape['tickets'][number];

const rowHeight = 20;
const bandGap = 26;
const margin = 60_000;
const mostRows = 12;

/** Every request that waits, the next one first; moments in project ms. */
export const allWaiting = ({ budgets }: Queue) =>
  budgets
    .flatMap(({ budget, tickets }) =>
      tickets.map(({ ticket, lane, requestedAt, expectedAt }) => ({
        ticket,
        budget,
        lane,
        askedAt: Date.parse(requestedAt),
        expectedAt: Date.parse(expectedAt),
      })),
    )
    .toSorted((one, other) => one.expectedAt - other.expectedAt);

/** A band for each lane, most urgent on top; in it a row for each ticket, from its first ask to when it is expected. */
export function layoutLanes(queue: Queue, now: number, width: number) {
  const waiting = allWaiting(queue);
  const axis = timeAxis(
    Math.min(now - margin, ...waiting.map(({ askedAt }) => askedAt)),
    Math.max(now + margin, ...waiting.map(({ expectedAt }) => expectedAt)),
    width,
  );
  let y = 0;
  const bands = laneNames.map((lane) => {
    const top = y + bandGap - 6;
    const own = waiting.filter((each) => each.lane === lane);
    const tickets = own.slice(0, mostRows).map(({ ticket, budget, askedAt, expectedAt }, row) => ({
      ticket,
      budget,
      y: top + row * rowHeight + rowHeight / 2,
      askedX: axis.x(askedAt),
      expectedX: axis.x(Math.max(expectedAt, now)),
      /** Project ms. */
      left: Math.max(0, expectedAt - now),
    }));
    const band = {
      lane,
      y,
      height: bandGap + Math.max(1, tickets.length) * rowHeight,
      tickets,
      more: own.length - tickets.length,
    };
    y += band.height;
    return band;
  });
  return { axis, nowX: axis.x(now), bands, height: y };
}
