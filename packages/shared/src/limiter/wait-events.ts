import type { Span } from '../telemetry/index.ts';
import type { Waiting } from './permit.ts';

/** Shows what is waited for, each time that reason or position are other than before. */
export function waitEvents(span: Span): (waiting: Waiting) => void {
  let shown = '';
  return ({ reason, position, estimatedAt }) => {
    if (shown === `${reason} ${position}`) return;
    shown = `${reason} ${position}`;
    span.addEvent(reason, { position, estimatedAt: new Date(estimatedAt).toISOString() });
  };
}
