import type { Budget } from './api/shapes.ts';

export const minute = 60_000;
/** The moment at which the tests look at things. */
export const now = Date.UTC(2026, 10, 26, 18, 30);
/** A moment so many minutes from then, as the API writes it. */
export const at = (minutes: number): string => new Date(now + minutes * minute).toISOString();

type Waiter = Budget['waiting']['next'][number];
export const waiter = (
  ticket: string,
  expected: number,
  asked = -1,
  lane: Waiter['lane'] = 'near_event_normal',
): Waiter => ({
  ticket,
  lane,
  firstAskedAt: at(asked),
  estimatedAt: at(expected),
});

interface Given {
  readonly budget?: Budget['budget'];
  readonly limit?: number;
  readonly windowSeconds?: number;
  readonly permits?: readonly { start: number; leaves: number; settled: boolean; lane?: Waiter['lane'] }[];
  readonly waiting?: readonly Waiter[];
  readonly freeAt?: number;
  readonly pausedUntil?: { upstream?: number; operator?: number };
  readonly unknownUntil?: number;
}

const maybe = (minutes: number | undefined) => (minutes === undefined ? null : at(minutes));

/** A budget as the API tells it; all times are in minutes from now. */
export function budgetAt(given: Given): Budget {
  const documented = { limit: given.limit ?? 1, windowSeconds: given.windowSeconds ?? 60 };
  const { permits = [], waiting = [] } = given;
  return {
    budget: given.budget ?? 'signups',
    policy: { ...documented, from: 'documented', since: null },
    documented,
    permits: permits.map(({ start, leaves, settled, lane = 'near_event_normal' }, index) => ({
      permit: `permit-${index}`,
      lane,
      startedAt: at(start),
      settled,
      leavesAt: at(leaves),
    })),
    available: Math.max(0, documented.limit - permits.length),
    freeAt: maybe(given.freeAt),
    pausedUntil: {
      upstream: maybe(given.pausedUntil?.upstream),
      operator: maybe(given.pausedUntil?.operator),
    },
    probing: false,
    unknownUntil: maybe(given.unknownUntil),
    waiting: { count: waiting.length, next: [...waiting] },
    lastRejected: null,
  };
}
