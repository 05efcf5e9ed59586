import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';

/** Which events could not be fetched, and what that means for the others. */
export interface Failures {
  readonly failed: ReadonlySet<string>;
  /** How many in a row. */
  readonly inARow: number;
  /** True once asking on would only burn calls. */
  readonly stopped: boolean;
}

export const noFailures: Failures = { failed: new Set(), inARow: 0, stopped: false };

/** So many failures one after the other are not about the events. */
export const enough = 3;
/** What is wrong with every event alike. */
const general: ReadonlySet<UpstreamErrorCode> = new Set(['unauthorized', 'rate_limited']);

/** One more event has failed for good. */
export function failedOnce(before: Failures, eventId: string, code: UpstreamErrorCode): Failures {
  const inARow = before.inARow + 1;
  return {
    failed: new Set([...before.failed, eventId]),
    inARow,
    stopped: general.has(code) || inARow >= enough,
  };
}
