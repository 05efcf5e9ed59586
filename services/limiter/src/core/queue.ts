import type { PermitRequestOf } from '@paceline/shared/contracts';
import type { LimiterSettings } from './settings.ts';
import { Sorted } from './sorted.ts';
import type { EndpointState, Lines, Pool, PoolQueue, Waiter } from './state.ts';
import type { UpstreamSettings } from './upstream.ts';

export const goesBefore = (a: Waiter, b: Waiter): boolean =>
  a.key === b.key ? a.request.ticket < b.request.ticket : a.key < b.key;
const expiresBefore = (a: Waiter, b: Waiter): boolean =>
  a.expiresAt === b.expiresAt ? a.request.ticket < b.request.ticket : a.expiresAt < b.expiresAt;
const requestedAt = ({ request }: Waiter): number => request.requestedAt;

export const createLines = (): Lines => ({
  forced: new Sorted(goesBefore, requestedAt),
  scheduled: new Sorted(goesBefore, requestedAt),
  byLane: new Map(),
});

export const createPoolQueue = (): PoolQueue => ({
  byTicket: new Map(),
  byExpiry: new Sorted(expiresBefore, ({ expiresAt }) => expiresAt),
  requestedAtSum: 0,
});

/** First come, first served, with a head start per lane: a request that waits long enough overtakes any newer one. */
export function orderKey(
  { lane, slotId, requestedAt: at }: PermitRequestOf<'acquire'>,
  upstream: UpstreamSettings,
  { slotHeadStart }: Pick<LimiterSettings, 'slotHeadStart'>,
): number {
  const slot = slotId === undefined || isForced(upstream, lane) ? 0 : slotHeadStart;
  return at - (upstream.lanes[lane]?.headStartMs ?? 0) - slot;
}

/** Whether a lane ignores slots and may use reserved permits: a person, or a race about to start. */
export const isForced = ({ lanes }: UpstreamSettings, lane: string): boolean => lanes[lane]?.forced ?? false;

const lineOf = ({ endpoint: { lines }, forced }: Waiter): Sorted<Waiter> =>
  forced ? lines.forced : lines.scheduled;

function countIn({ endpoint: { lines }, request: { lane } }: Waiter, change: 1 | -1): void {
  lines.byLane.set(lane, (lines.byLane.get(lane) ?? 0) + change);
}

export function addWaiter(waiter: Waiter): void {
  const { queue } = waiter.endpoint.pool;
  lineOf(waiter).add(waiter);
  queue.byTicket.set(waiter.request.ticket, waiter);
  queue.byExpiry.add(waiter);
  queue.requestedAtSum += waiter.request.requestedAt;
  countIn(waiter, 1);
}

/** Returns whether it was in the queue. */
export function removeWaiter(waiter: Waiter): boolean {
  const { queue } = waiter.endpoint.pool;
  if (!queue.byTicket.delete(waiter.request.ticket)) return false;
  lineOf(waiter).delete(waiter);
  queue.byExpiry.delete(waiter);
  queue.requestedAtSum -= waiter.request.requestedAt;
  countIn(waiter, -1);
  return true;
}

/** Renews a waiter after its heartbeat. */
export function renewWaiter(waiter: Waiter, expiresAt: number): void {
  const { byExpiry } = waiter.endpoint.pool.queue;
  byExpiry.delete(waiter);
  waiter.expiresAt = expiresAt;
  byExpiry.add(waiter);
}

/** The number of requests that wait in the lines. */
export const waitingIn = ({ forced, scheduled }: Lines): number => forced.size + scheduled.size;

/** How many requests of an endpoint are ahead of a waiter. */
const aheadIn = ({ lines: { forced, scheduled } }: EndpointState, waiter: Waiter): number =>
  forced.rankOf(waiter) + scheduled.rankOf(waiter);

/** The waiter's position among the requests that need a budget which it needs too; 1 is next. */
export function positionOf(waiter: Waiter): number {
  const { endpoint } = waiter;
  return (
    1 + sum(endpoint.pool.endpoints, (other) => (sharesBudget(other, endpoint) ? aheadIn(other, waiter) : 0))
  );
}

const sharesBudget = (a: EndpointState, b: EndpointState): boolean =>
  a === b || a.budgets.some((budget) => b.budgets.includes(budget));

export const sum = <Item>(all: readonly Item[], of: (item: Item) => number): number =>
  all.reduce((total, each) => total + of(each), 0);

/** The first request of each line, in queue order. */
export function headsOf({ endpoints }: Pool): Waiter[] {
  const heads: Waiter[] = [];
  for (const { lines } of endpoints) {
    const [forced, scheduled] = [lines.forced.first(), lines.scheduled.first()];
    if (forced) heads.push(forced);
    if (scheduled) heads.push(scheduled);
  }
  return heads.length > 1 ? heads.sort((a, b) => (goesBefore(a, b) ? -1 : 1)) : heads;
}

/** The first `count` waiters of some lines, in queue order. */
export function firstWaiters(lines: ReadonlyArray<Sorted<Waiter>>, count: number): Waiter[] {
  const first = lines.flatMap((line) => take(line, count));
  return first.sort((a, b) => (goesBefore(a, b) ? -1 : 1)).slice(0, count);
}

function take(line: Sorted<Waiter>, count: number): Waiter[] {
  const taken: Waiter[] = [];
  if (count === 0) return taken;
  for (const waiter of line) if (taken.push(waiter) === count) break;
  return taken;
}
