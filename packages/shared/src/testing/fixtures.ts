import type { WindowView } from '../contracts/index.ts';
import type { Budget } from '../definition/index.ts';

const policy = { limit: 1, windowMs: 60_000, from: 'documented' as const, since: null };

/** A budget's window as the limiter reports it: one call a minute and nothing going on, but for what is given. */
export const windowOf = (endpoint: Budget, known: Partial<WindowView> = {}): WindowView => ({
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
  ...known,
});
