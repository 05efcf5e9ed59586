import type { Clock } from '../clock/index.ts';
import type { Budget } from '../definition/index.ts';
import { durations, type Span } from '../telemetry/index.ts';
import type { PermitState } from './core/permit-protocol.ts';
import { type PermitOptions, PermitRefused, type Waiting } from './permit.ts';

const waits = durations(
  'paceline.permit.wait',
  'From the first ask for a permit until its call starts, is refused, or is given up',
);

/** Measures how long a permit was waited for, and how that ended. */
export async function measureWait<T>(
  clock: Clock,
  { endpoint, lane, requestedAt = clock.now() }: PermitOptions<Budget>,
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

/** Adds an event to the span each time that reason or position are other than before. */
export function waitEvents(span: Span): (waiting: Waiting) => void {
  let shown = '';
  return ({ reason, position, estimatedAt }) => {
    if (shown === `${reason} ${position}`) return;
    shown = `${reason} ${position}`;
    span.addEvent(reason, { position, estimatedAt: new Date(estimatedAt).toISOString() });
  };
}

/** Adds to the span what a permit has become. */
export function stateEvents(span: Span, from: PermitState, to: PermitState): void {
  if (to.state === from.state) return;
  const isNew = from.state !== 'starting';
  if ((to.state === 'starting' || to.state === 'started') && isNew)
    span.addEvent('granted', { permit: to.permit });
  if (to.state === 'started') span.addEvent('started', { permit: to.permit });
  if (to.state === 'requesting' && !isNew)
    span.addEvent('permit expired before it was started, asking again');
}
