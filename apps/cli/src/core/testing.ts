import type { Budget, Command, Lane } from '../api/shapes.ts';

/** A moment that everything in a test is about. */
export const now = Date.parse('2026-03-01T12:00:00.000Z');
/** So many seconds after it. */
export const after = (seconds: number): string => new Date(now + seconds * 1_000).toISOString();

/** A window of a minute in which nothing is. */
export const budgetOf = (known: Partial<Budget> = {}): Budget => ({
  budget: 'signups',
  policy: { limit: 1, windowSeconds: 60, from: 'documented', since: null },
  documented: { limit: 1, windowSeconds: 60 },
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

let named = 0;
/** A call whose window counts it from then on. */
export const permitOf = (lane: Lane, seconds: number): Budget['permits'][number] => ({
  permit: `permit-${(named += 1)}`,
  lane,
  startedAt: after(seconds),
  settled: true,
  leavesAt: after(seconds + 60),
});
export const ticketOf = (lane: Lane, seconds: number): Budget['waiting']['next'][number] => ({
  ticket: `ticket-${(named += 1)}`,
  lane,
  firstAskedAt: after(0),
  estimatedAt: after(seconds),
});

export const commandOf = (known: Partial<Command> = {}): Command => ({
  commandId: 'command-1',
  traceId: null,
  type: 'add-rider',
  riderId: 4_500_001,
  riders: null,
  state: 'running',
  position: null,
  at: null,
  until: null,
  next: null,
  reason: null,
  estimatedAt: null,
  via: null,
  requestedAt: after(0),
  updatedAt: after(0),
  finishedAt: null,
  rider: null,
  ...known,
});
