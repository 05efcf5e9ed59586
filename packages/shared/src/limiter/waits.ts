import type { Clock } from '../clock/index.ts';
import type { BudgetName } from '../definition/index.ts';
import { durations, type Span } from '../telemetry/index.ts';
import type { PermitState } from './core/permit-protocol.ts';
import { type PermitOptions, PermitRefused, type Waiting } from './permit.ts';

const waits = durations(
  'paceline.permit.wait',
  'From the request for a permit until it is started, refused or given up',
);

/** Records the duration and outcome of a wait for a permit. */
export async function measureWait<T>(
  clock: Clock,
  { endpoint, lane, requestedAt = clock.now() }: PermitOptions<BudgetName>,
  wait: Promise<T>,
): Promise<T> {
  let outcome = 'started';
  try {
    return await wait;
  } catch (error) {
    outcome = error instanceof PermitRefused ? 'refused' : 'given_up';
    throw error;
  } finally {
    waits.record(Math.max(0, clock.now() - requestedAt) / 1_000, { endpoint, lane, outcome });
  }
}

/** Adds a span event whenever reason or position has changed. */
export function waitEvents(span: Span): (waiting: Waiting) => void {
  let shown = '';
  return ({ reason, position, estimatedAt }) => {
    if (shown === `${reason} ${position}`) return;
    shown = `${reason} ${position}`;
    span.addEvent(reason, { position, estimatedAt: new Date(estimatedAt).toISOString() });
  };
}

/** Adds a span event when the permit's state changes. */
export function stateEvents(span: Span, from: PermitState, to: PermitState): void {
  if (to.state === from.state) return;
  const wasNotGranted = from.state !== 'starting';
  if ((to.state === 'starting' || to.state === 'started') && wasNotGranted)
    span.addEvent('granted', { permit: to.permit });
  if (to.state === 'started') span.addEvent('started', { permit: to.permit });
  if (to.state === 'requesting' && !wasNotGranted)
    span.addEvent('permit expired before its start, requesting again');
}
