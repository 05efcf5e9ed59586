import type { BudgetName, Lane, Queue } from '@paceline/client';
import { laneNames } from '@paceline/shared/definition';
import { timeAxis, type TimeAxis } from '../parts/layout.ts';

export interface LanesShape {
  readonly axis: TimeAxis;
  readonly nowX: number;
  readonly bands: readonly BandShape[];
  readonly height: number;
}

export interface BandShape {
  readonly lane: Lane;
  readonly y: number;
  readonly height: number;
  /** The first ones. */
  readonly tickets: readonly TicketShape[];
  /** How many more wait. */
  readonly more: number;
}

export interface TicketShape {
  readonly ticket: string;
  readonly budget: BudgetName;
  readonly y: number;
  readonly askedX: number;
  readonly expectedX: number;
  /** Project ms. */
  readonly age: number;
  readonly left: number;
}

const rowHeight = 20;
const bandGap = 26;
const margin = 60_000;
const mostRows = 12;

interface Waiting {
  readonly ticket: string;
  readonly budget: BudgetName;
  readonly lane: Lane;
  /** Project ms since the epoch. */
  readonly askedAt: number;
  readonly expectedAt: number;
}

/** Every request that waits, the next one first. */
export const allWaiting = ({ budgets }: Queue): Waiting[] =>
  budgets
    .flatMap(({ budget, tickets }) =>
      tickets.map(({ ticket, lane, firstAskedAt, expectedAt }) => ({
        ticket,
        budget,
        lane,
        askedAt: Date.parse(firstAskedAt),
        expectedAt: Date.parse(expectedAt),
      })),
    )
    .toSorted((one, other) => one.expectedAt - other.expectedAt);

/** A band for each lane, most urgent on top; in it a row for each ticket, from its first ask to when it is expected. */
export function layoutLanes(queue: Queue, now: number, width: number): LanesShape {
  const waiting = allWaiting(queue);
  const axis = timeAxis(
    Math.min(now - margin, ...waiting.map(({ askedAt }) => askedAt)),
    Math.max(now + margin, ...waiting.map(({ expectedAt }) => expectedAt)),
    width,
  );
  let y = 0;
  const bands = laneNames.map((lane): BandShape => {
    const top = y + bandGap - 6;
    const own = waiting.filter((each) => each.lane === lane);
    const tickets = own.slice(0, mostRows).map(({ ticket, budget, askedAt, expectedAt }, row) => ({
      ticket,
      budget,
      y: top + row * rowHeight + rowHeight / 2,
      askedX: axis.x(askedAt),
      expectedX: axis.x(Math.max(expectedAt, now)),
      age: Math.max(0, now - askedAt),
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
