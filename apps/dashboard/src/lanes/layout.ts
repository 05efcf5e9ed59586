import { fullLabel, inOrder, type Queue } from '@paceline/client';
import { laneNames } from '@paceline/shared/definition';
import { timeAxis } from '../parts/layout.ts';

export type LaneBandShape = ReturnType<typeof layoutLanes>['bands'][number];
export type RequestShape = LaneBandShape['requests'][number];

const rowHeight = 20;
const bandGap = 26;
const margin = 60_000;
const maxRowsPerLane = 12;

/** All waiting requests, the next one first; times in project ms. */
export const waitingRequests = ({ budgets }: Queue) =>
  budgets
    .flatMap(({ requests, ...budget }) =>
      requests.map(({ requestId, lane, requestedAt, estimatedAt }) => ({
        requestId,
        budget: fullLabel(budget),
        lane,
        requestedAt: Date.parse(requestedAt),
        estimatedAt: Date.parse(estimatedAt),
      })),
    )
    .toSorted((one, other) => one.estimatedAt - other.estimatedAt);

/** One band per lane, the most urgent on top; in it one row per request, up to its expected time. */
export function layoutLanes(queue: Queue, now: number, width: number) {
  const waiting = waitingRequests(queue);
  const axis = timeAxis(
    Math.min(now - margin, ...waiting.map(({ requestedAt }) => requestedAt)),
    Math.max(now + margin, ...waiting.map(({ estimatedAt }) => estimatedAt)),
    width,
  );
  let y = 0;
  const bands = inOrder([...laneNames, ...waiting.map(({ lane }) => lane)]).map((lane) => {
    const top = y + bandGap - 6;
    const own = waiting.filter((each) => each.lane === lane);
    const requests = own
      .slice(0, maxRowsPerLane)
      .map(({ requestId, budget, requestedAt, estimatedAt }, row) => ({
        requestId,
        budget,
        y: top + row * rowHeight + rowHeight / 2,
        requestedX: axis.x(requestedAt),
        estimatedX: axis.x(Math.max(estimatedAt, now)),
        /** Project ms. */
        remainingMs: Math.max(0, estimatedAt - now),
      }));
    const band = {
      lane,
      y,
      height: bandGap + Math.max(1, requests.length) * rowHeight,
      requests,
      hiddenCount: own.length - requests.length,
    };
    y += band.height;
    return band;
  });
  return { axis, nowX: axis.x(now), bands, height: y };
}
