import type { Budget, Command } from '../generated.ts';
import { budgetLabel } from '../names.ts';

export const minute = 60_000;
/** The current time in all examples, project ms. */
export const now = Date.UTC(2026, 10, 26, 18, 30);
/** A time relative to `now`, in the API's format. */
export const at = (minutes: number): string => new Date(now + minutes * minute).toISOString();

type WaitingRequest = Budget['waiting']['requests'][number];
export const waitingRequest = (
  requestId: string,
  expected: number,
  requested = -1,
  lane = 'near_event_normal',
): WaitingRequest => ({
  requestId,
  lane,
  requestedAt: at(requested),
  estimatedAt: at(expected),
});

/** One call per minute, none made, no requests waiting. */
export const exampleBudget = (known: Partial<Budget> = {}): Budget => ({
  budget: 'signups',
  upstream: 'zwiftracing',
  label: budgetLabel(known.budget ?? 'signups'),
  policy: { limit: 1, windowSeconds: 60, from: 'documented', since: null },
  documented: { limit: 1, windowSeconds: 60 },
  advertised: null,
  permits: [],
  used: 0,
  earlier: [],
  foreign: null,
  reserve: 0,
  aligned: null,
  available: 1,
  freeAt: null,
  pausedUntil: { upstream: null, operator: null },
  probing: false,
  unknownUntil: null,
  waiting: { count: 0, requests: [] },
  lastRejected: null,
  ...known,
});

interface BudgetTimes {
  readonly budget?: Budget['budget'];
  readonly limit?: number;
  readonly windowSeconds?: number;
  readonly permits?: readonly { start: number; leaves: number; settled: boolean; lane?: string }[];
  readonly waiting?: readonly WaitingRequest[];
  readonly freeAt?: number;
  readonly pausedUntil?: { upstream?: number; operator?: number };
  readonly unknownUntil?: number;
}

const atOrNull = (minutes: number | undefined) => (minutes === undefined ? null : at(minutes));

/** A budget as the API returns it; all times in minutes from now. */
export function budgetAt(given: BudgetTimes): Budget {
  const documented = { limit: given.limit ?? 1, windowSeconds: given.windowSeconds ?? 60 };
  const { permits = [], waiting = [] } = given;
  return exampleBudget({
    budget: given.budget ?? 'signups',
    policy: { ...documented, from: 'documented', since: null },
    documented,
    permits: permits.map(({ start, leaves, settled, lane = 'near_event_normal' }, index) => ({
      permitId: `permit-${index}`,
      lane,
      startedAt: at(start),
      settled,
      leavesAt: at(leaves),
    })),
    used: permits.length,
    available: Math.max(0, documented.limit - permits.length),
    freeAt: atOrNull(given.freeAt),
    pausedUntil: {
      upstream: atOrNull(given.pausedUntil?.upstream),
      operator: atOrNull(given.pausedUntil?.operator),
    },
    unknownUntil: atOrNull(given.unknownUntil),
    waiting: { count: waiting.length, requests: [...waiting] },
  });
}

export const exampleCommand = (known: Partial<Command> = {}): Command => ({
  commandId: 'command-1',
  traceId: null,
  type: 'add-rider',
  riderId: 4_500_001,
  riders: null,
  state: 'running',
  position: null,
  until: null,
  reason: null,
  estimatedAt: null,
  via: null,
  requestedAt: at(0),
  updatedAt: at(0),
  finishedAt: null,
  rider: null,
  ...known,
});
