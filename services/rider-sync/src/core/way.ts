import { budgets } from '@paceline/shared/definition';
import type { Progress, Way } from '@paceline/shared/contracts';
import type { Waiting } from '@paceline/shared/limiter';
import { progressOf } from './command.ts';

/** What is known of the two ways to a rider who is waited for. Moments are project ms. */
export interface Standing {
  /** What the limiter said last of a GET for this rider; undefined: nothing yet, or that none comes in time. */
  readonly single: Waiting | undefined;
  /** No GET can go by the deadline: when one could. */
  readonly singleRefused: number | undefined;
  /** What the limiter said last of the next bulk call; undefined: nobody has asked for one. */
  readonly bulk: Waiting | undefined;
  /** A bulk call that has left has taken the rider along. */
  readonly taken: boolean;
  /** After this moment nobody waits for a permit any more. */
  readonly deadline: number;
}

export interface Decision {
  /** Whether a bulk call that could leave now would be answered before the GET. */
  readonly wantsBulk: boolean;
  /** What whoever waits is told: the way that is answered first, and when its call leaves. */
  readonly tell?: Progress;
  /** Neither way is open by the deadline: when the first of them could. */
  readonly refuse?: number;
}

/** When a call that leaves at `callAt` is answered, as far as calls of its kind usually take. */
const answeredAt = (way: Way, callAt: number): number =>
  callAt + budgets[way === 'single' ? 'riders_single' : 'riders_bulk'].usualMs;

/**
 * By which way a rider is expected, as things stand now; asked again whenever one of the estimates has changed. It is
 * no booking: whichever permit comes first takes the rider.
 */
export function decideWay(standing: Standing, now: number): Decision {
  const { single, singleRefused, bulk, taken, deadline } = standing;
  if (taken) return { wantsBulk: true, tell: { state: 'running', via: 'bulk' } };
  if (singleRefused !== undefined) {
    if (!bulk) return { wantsBulk: true };
    const callAt = Math.max(now, bulk.estimatedAt);
    if (callAt > deadline) return { wantsBulk: true, refuse: Math.min(singleRefused, callAt) };
    return { wantsBulk: true, tell: progressOf(bulk, 'bulk') };
  }
  if (!single) return { wantsBulk: false };
  const bySingle = answeredAt('single', single.estimatedAt);
  const wantsBulk = bySingle > answeredAt('bulk', now);
  if (wantsBulk && bulk && answeredAt('bulk', bulk.estimatedAt) < bySingle)
    return { wantsBulk, tell: progressOf(bulk, 'bulk') };
  return { wantsBulk, tell: progressOf(single, 'single') };
}

/** From then on a bulk call is overdue, and its riders ask for GETs again beside it. */
export const overdueFrom = (sentAt: number): number => answeredAt('bulk', sentAt) + 30_000;
