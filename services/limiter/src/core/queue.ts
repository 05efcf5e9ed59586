import { forcedLanes, type Lane } from '@paceline/shared/definition';
import type { PermitRequestOf } from '@paceline/shared/contracts';
import type { LimiterSettings } from './settings.ts';
import { Sorted } from './sorted.ts';

/** A request that waits for a permit. Soft state: its client sends it again to a new owner. */
export interface Waiter {
  readonly request: PermitRequestOf<'acquire'>;
  /** The request time minus the lane's head start; the smallest key goes first. */
  readonly key: number;
  /** It leaves the queue at this time unless its heartbeat renews it. */
  expiresAt: number;
  firstEstimate: number | undefined;
}

/** The requests that wait for one budget. */
export interface BudgetQueue {
  /** Requests of the forced lanes, which may use reserved permits. */
  readonly forced: Sorted<Waiter>;
  readonly scheduled: Sorted<Waiter>;
  readonly byTicket: Map<string, Waiter>;
  /** The number of requests per lane. */
  readonly byLane: Map<Lane, number>;
  readonly byExpiry: Sorted<Waiter>;
  /** The sum of all request times, from which the mean wait follows without a scan. */
  requestedAtSum: number;
}

const goesBefore = (a: Waiter, b: Waiter): boolean =>
  a.key === b.key ? a.request.ticket < b.request.ticket : a.key < b.key;
const expiresBefore = (a: Waiter, b: Waiter): boolean =>
  a.expiresAt === b.expiresAt ? a.request.ticket < b.request.ticket : a.expiresAt < b.expiresAt;
const requestedAt = ({ request }: Waiter): number => request.requestedAt;

export const createQueue = (): BudgetQueue => ({
  forced: new Sorted(goesBefore, requestedAt),
  scheduled: new Sorted(goesBefore, requestedAt),
  byTicket: new Map(),
  byLane: new Map(),
  byExpiry: new Sorted(expiresBefore, ({ expiresAt }) => expiresAt),
  requestedAtSum: 0,
});

/** First come, first served, with a head start per lane: a request that waits long enough overtakes any newer one. */
export function orderKey(request: PermitRequestOf<'acquire'>, settings: LimiterSettings): number {
  const slot = request.slotId === undefined || isForced(request.lane) ? 0 : settings.slotHeadStart;
  return request.requestedAt - settings.headStart[request.lane] - slot;
}

/** Whether a lane ignores slots and may use reserved permits: a person, or a race about to start. */
export const isForced = (lane: Lane): boolean => forcedLanes.has(lane);

const sectionOf = (queue: BudgetQueue, { request }: Waiter): Sorted<Waiter> =>
  isForced(request.lane) ? queue.forced : queue.scheduled;

function countIn({ byLane }: BudgetQueue, { request: { lane } }: Waiter, change: 1 | -1): void {
  byLane.set(lane, (byLane.get(lane) ?? 0) + change);
}

export function addWaiter(queue: BudgetQueue, waiter: Waiter): void {
  sectionOf(queue, waiter).add(waiter);
  queue.byTicket.set(waiter.request.ticket, waiter);
  queue.byExpiry.add(waiter);
  queue.requestedAtSum += waiter.request.requestedAt;
  countIn(queue, waiter, 1);
}

export function removeWaiter(queue: BudgetQueue, waiter: Waiter): void {
  if (!queue.byTicket.delete(waiter.request.ticket)) return;
  sectionOf(queue, waiter).delete(waiter);
  queue.byExpiry.delete(waiter);
  queue.requestedAtSum -= waiter.request.requestedAt;
  countIn(queue, waiter, -1);
}

/** Renews a waiter after its heartbeat. */
export function renewWaiter(queue: BudgetQueue, waiter: Waiter, expiresAt: number): void {
  queue.byExpiry.delete(waiter);
  waiter.expiresAt = expiresAt;
  queue.byExpiry.add(waiter);
}

/** The waiter's position; 1 is next. */
export const positionOf = ({ forced, scheduled }: BudgetQueue, waiter: Waiter): number =>
  1 + forced.rankOf(waiter) + scheduled.rankOf(waiter);

/**
 * The waiter that goes next. When only reserved permits are free, none goes until a forced request waits; then queue
 * order decides, or scheduled requests would never go while forced ones keep coming.
 */
export function nextWaiter({ forced, scheduled }: BudgetQueue, reservedOnly: boolean): Waiter | undefined {
  const urgent = forced.first();
  const other = reservedOnly && !urgent ? undefined : scheduled.first();
  if (!urgent || !other) return urgent ?? other;
  return goesBefore(urgent, other) ? urgent : other;
}

/** The first `count` waiters in queue order. */
export function* firstWaiters({ forced, scheduled }: BudgetQueue, count: number): Generator<Waiter> {
  const [urgent, others] = [forced[Symbol.iterator](), scheduled[Symbol.iterator]()];
  let [a, b] = [urgent.next(), others.next()];
  for (let taken = 0; taken < count && !(a.done && b.done); taken += 1) {
    if (b.done || (!a.done && goesBefore(a.value, b.value))) {
      yield a.value as Waiter;
      a = urgent.next();
    } else {
      yield b.value;
      b = others.next();
    }
  }
}
