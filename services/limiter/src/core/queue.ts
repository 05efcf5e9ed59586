import { forcedLanes, type Lane } from '@paceline/shared/definition';
import type { PermitRequestOf } from '@paceline/shared/contracts';
import type { Settings } from './settings.ts';
import { Sorted } from './sorted.ts';

/** Someone who waits for a permit. Soft state: its asker brings it back to a new limiter. */
export interface Waiter {
  readonly ask: PermitRequestOf<'acquire'>;
  /** Smaller goes first: when it first asked, less its head start. */
  readonly key: number;
  /** Not asked for again by then, it leaves the line. */
  goneAt: number;
  /** When it was first expected to run. */
  estimate: number | undefined;
}

/** Everybody who waits for one budget. */
export interface Queue {
  /** Who can't wait for a slot or a place that is kept. */
  readonly forced: Sorted<Waiter>;
  readonly common: Sorted<Waiter>;
  /** All of them, by ticket. */
  readonly byTicket: Map<string, Waiter>;
  /** All of them, whoever is gone first unless it asks again. */
  readonly byPatience: Sorted<Waiter>;
  /** The sum of the moments at which they first asked: their mean wait, without going through them. */
  askedSum: number;
}

const goesBefore = (a: Waiter, b: Waiter): boolean =>
  a.key === b.key ? a.ask.ticket < b.ask.ticket : a.key < b.key;
const isGoneBefore = (a: Waiter, b: Waiter): boolean =>
  a.goneAt === b.goneAt ? a.ask.ticket < b.ask.ticket : a.goneAt < b.goneAt;
const requestedAt = ({ ask }: Waiter): number => ask.requestedAt;

export const createQueue = (): Queue => ({
  forced: new Sorted(goesBefore, requestedAt),
  common: new Sorted(goesBefore, requestedAt),
  byTicket: new Map(),
  byPatience: new Sorted(isGoneBefore, ({ goneAt }) => goneAt),
  askedSum: 0,
});

/** First come, first served, with a head start for the lanes that matter more: ageing comes for free. */
export function orderKey(ask: PermitRequestOf<'acquire'>, settings: Settings): number {
  const slot = ask.slotId === undefined || isForced(ask.lane) ? 0 : settings.slotHeadStart;
  return ask.requestedAt - settings.headStart[ask.lane] - slot;
}

/** The lanes in which somebody, or a race, can't wait for a slot. */
export const isForced = (lane: Lane): boolean => forcedLanes.has(lane);

const lineOf = (queue: Queue, { ask }: Waiter): Sorted<Waiter> =>
  isForced(ask.lane) ? queue.forced : queue.common;

export function joinLine(queue: Queue, waiter: Waiter): void {
  lineOf(queue, waiter).add(waiter);
  queue.byTicket.set(waiter.ask.ticket, waiter);
  queue.byPatience.add(waiter);
  queue.askedSum += waiter.ask.requestedAt;
}

export function leaveLine(queue: Queue, waiter: Waiter): void {
  if (!queue.byTicket.delete(waiter.ask.ticket)) return;
  lineOf(queue, waiter).delete(waiter);
  queue.byPatience.delete(waiter);
  queue.askedSum -= waiter.ask.requestedAt;
}

/** The waiter has asked again. */
export function stillHere(queue: Queue, waiter: Waiter, goneAt: number): void {
  queue.byPatience.delete(waiter);
  waiter.goneAt = goneAt;
  queue.byPatience.add(waiter);
}

/** 1 is next. */
export const positionOf = ({ forced, common }: Queue, waiter: Waiter): number =>
  1 + forced.placeOf(waiter) + common.placeOf(waiter);

/**
 * Whoever goes first. When only places are free that are kept for the forced ones, nobody does until one of those
 * waits; then it is the line's order that decides, else others would never go while forced ones keep coming.
 */
export function firstInLine({ forced, common }: Queue, onlyKept: boolean): Waiter | undefined {
  const urgent = forced.first();
  const other = onlyKept && !urgent ? undefined : common.first();
  if (!urgent || !other) return urgent ?? other;
  return goesBefore(urgent, other) ? urgent : other;
}

/** The first `count` in the order in which they go. */
export function* inOrder({ forced, common }: Queue, count: number): Generator<Waiter> {
  const [urgent, others] = [forced[Symbol.iterator](), common[Symbol.iterator]()];
  let [a, b] = [urgent.next(), others.next()];
  for (let given = 0; given < count && !(a.done && b.done); given += 1) {
    if (b.done || (!a.done && goesBefore(a.value, b.value))) {
      yield a.value as Waiter;
      a = urgent.next();
    } else {
      yield b.value;
      b = others.next();
    }
  }
}
