import type { WindowView } from '../contracts/index.ts';
import type { BudgetName } from '../definition/index.ts';

const policy = { limit: 1, windowMs: 60_000, from: 'documented' as const, since: null };

/** A budget's window as reported by the limiter: idle, 1 call per minute, with the given overrides. */
export const windowOf = (endpoint: BudgetName, overrides: Partial<WindowView> = {}): WindowView => ({
  endpoint,
  policy,
  documented: policy,
  permits: [],
  available: 1,
  freeAt: null,
  pausedUntil: { upstream: null, operator: null },
  probing: false,
  unknownUntil: null,
  waiting: { count: 0, next: [] },
  lastRejected: null,
  ...overrides,
});
