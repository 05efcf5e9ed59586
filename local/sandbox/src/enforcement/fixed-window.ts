import type { Policy } from '../budgets.ts';
import type { Rule } from './rule.ts';

interface Window {
  readonly startedAt: number;
  readonly calls: number;
}

const fresh: Window = { startedAt: Number.NEGATIVE_INFINITY, calls: 0 };

function count(window: Window, startedAt: number, { limit, windowMs }: Policy) {
  const calls = window.startedAt === startedAt ? window.calls + 1 : 1;
  const decision = {
    accepted: calls <= limit,
    remaining: Math.max(0, limit - calls),
    resetAt: startedAt + windowMs,
  };
  return { state: { startedAt, calls }, decision };
}

/**
 * The window opens with the first call and lasts W: two full batches may come close together around its end.
 * A rejected call is counted, but does not make the window last longer.
 */
export const firstHit: Rule<Window> = {
  fresh,
  arrive: (window, policy, now) =>
    count(window, now < window.startedAt + policy.windowMs ? window.startedAt : now, policy),
};

/** Windows start at the multiples of W since the epoch, whoever calls when. */
export const clockAligned: Rule<Window> = {
  fresh,
  arrive: (window, policy, now) => count(window, Math.floor(now / policy.windowMs) * policy.windowMs, policy),
};
