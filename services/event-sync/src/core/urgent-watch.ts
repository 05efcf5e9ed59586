import { freshnessClasses } from '@paceline/shared/definition';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import { type Failures, failedOnce, noFailures } from './failures.ts';

/** Project ms after which the watch tries again when something is in the way. */
export const pauseAfterTrouble = 60_000;

/** How the watch for urgent events goes on after a call that has failed for good; `pause`: project ms. */
export function afterFailure(
  before: Failures,
  eventId: string,
  code: UpstreamErrorCode,
): { pause: number; failures: Failures } {
  // When it is open again the limiter knows best.
  if (code === 'rate_limited') return { pause: pauseAfterTrouble, failures: before };
  const failures = failedOnce(before, eventId, code);
  return failures.stopped
    ? { pause: freshnessClasses.urgent.beginsMs, failures: noFailures }
    : { pause: 0, failures };
}
