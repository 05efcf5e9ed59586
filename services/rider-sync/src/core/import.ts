import type { Progress, RiderCounts } from '@paceline/shared/contracts';

/** So few riders ask for GETs too: one window holds them. More would keep single adds waiting for minutes. */
export const few = 5;

/**
 * An import's calls wait in the lane of the rider sync: a bulk call takes whoever is added along in any case, and a
 * GET of an import must not go before one of somebody who waits for that rider.
 */
export const importLane = 'rider_sync';

/** What an import comes to when no rider of it waits any more. */
export function endOfImport({ done, failed }: RiderCounts): Progress {
  if (done > 0 || failed === 0) return { state: 'done' };
  const riders = failed === 1 ? 'The one rider' : `None of the ${failed} riders`;
  return { state: 'failed', reason: `${riders} could ${failed === 1 ? 'not ' : ''}be fetched` };
}
