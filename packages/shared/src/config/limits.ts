import type { Clock } from '../clock/index.ts';
import { type Budget, budgets } from '../definition/index.ts';

/** How long a call may take before it is given up, project ms; on a fast clock never less than ten real seconds. */
export const callTimeout = (endpoint: Budget, clock: Clock): number =>
  Math.max(budgets[endpoint].timeoutMs, Math.ceil(clock.fromMachine(10_000)));
