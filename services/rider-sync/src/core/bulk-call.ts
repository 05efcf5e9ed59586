import { budgets } from '@paceline/shared/definition';
import { riderIdsOf, type RidersResponse } from '@paceline/shared/zwiftracing';

/** The most ids that upstream takes. */
export const fullCall = budgets.riders_bulk.batch;

/** A bulk call that found no answer so often is no longer the call's fault: its riders have failed. */
export const mostLost = 3;

/** A rider outside the clubs whose copy is younger does not fill a call up, project ms. */
export const fillUpAge = 3_600_000;

/** A bulk call with all that goes with it takes about so long, project ms. */
const aCall = 120_000;

/** When a run begins to request bulk calls for its riders, late in its slot: until then they only fill up others. */
export const refreshFrom = (slotEndsAt: number, riders: number, least: number): number =>
  slotEndsAt - Math.max(Math.ceil(riders / fullCall) * aCall, least);

/** What became of a rider. */
export interface RiderOutcome {
  readonly riderId: number;
  readonly outcome: 'done' | 'failed';
  readonly reason: string | null;
}

/** What a bulk answer means for each requested rider, by its id: upstream promises no order. */
export function outcomesOf(
  requested: readonly number[],
  { riders, skipped }: RidersResponse,
): RiderOutcome[] {
  const brought = new Set(riders.map(({ rider }) => rider.riderId));
  const unreadable = new Map(skipped.map(({ id, reason }) => [Number(id), reason]));
  const allKnown = riderIdsOf(skipped).length === skipped.length;
  return requested.map((riderId) => {
    if (brought.has(riderId)) return { riderId, outcome: 'done', reason: null };
    const why = unreadable.get(riderId);
    if (why !== undefined)
      return failed(riderId, `What ZwiftRacing says of rider ${riderId} can't be read: ${why}`);
    if (!allKnown) return failed(riderId, `ZwiftRacing says nothing readable of rider ${riderId}`);
    return failed(riderId, `ZwiftRacing knows no rider ${riderId}`);
  });
}

const failed = (riderId: number, reason: string): RiderOutcome => ({ riderId, outcome: 'failed', reason });
