import type { AskOf, Lane } from '@paceline/shared/contracts';
import type { Settings } from './settings.ts';

/** Someone who waits for a permit. Soft state: its asker brings it back to a new limiter. */
export interface Waiter {
  readonly ask: AskOf<'acquire'>;
  /** Smaller goes first: when it first asked, less its head start. */
  readonly key: number;
  lastAskedAt: number;
}

/** First come, first served, with a head start for the lanes that matter more: ageing comes for free. */
export function orderKey(ask: AskOf<'acquire'>, settings: Settings): number {
  const slot = ask.slotId === undefined || isForced(ask.lane) ? 0 : settings.slotHeadStart;
  return ask.firstAskedAt - settings.headStart[ask.lane] - slot;
}

/** The lanes in which somebody, or a race, can't wait for a slot. */
export const isForced = (lane: Lane): boolean => lane === 'manual_rider_add' || lane === 'near_event_urgent';

/** Where a waiter stands or would stand: binary search by key, then by ticket so that the order is total. */
export function placeOf(queue: readonly Waiter[], waiter: Waiter): number {
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (goesBefore(queue[middle] as Waiter, waiter)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const goesBefore = (a: Waiter, b: Waiter): boolean =>
  a.key === b.key ? a.ask.ticket < b.ask.ticket : a.key < b.key;
