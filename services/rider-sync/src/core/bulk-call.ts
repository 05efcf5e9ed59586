import { budgets } from '@paceline/shared/definition';
import { riderIdsOf, type RidersResponse } from '@paceline/shared/zwiftracing';

/** Maximum number of rider ids in one call. */
export const maxIdsPerCall = budgets.riders_bulk.batch;

/** After this many lost bulk calls the riders of an import fail. */
export const maxLostCalls = 3;

/** Riders outside the clubs fill up a call only when their copies are at least this old, project ms. */
export const minFillAgeMs = 3_600_000;

/** Approximate duration of a bulk call including its wait, project ms. */
const bulkCallMs = 120_000;

/** How long riders of a run wait for the calls of others, project ms: a late run can have hours until its slot ends. */
const maxFillMs = 600_000;

/** When a run starts to request bulk calls for its riders, late in its slot; until then they only fill up other calls. */
export const refreshStart = (
  { startedAt, slotEndsAt }: { readonly startedAt: number; readonly slotEndsAt: number },
  riders: number,
  minMs: number,
): number =>
  Math.min(
    slotEndsAt - Math.max(Math.ceil(riders / maxIdsPerCall) * bulkCallMs, minMs),
    startedAt + maxFillMs,
  );

export interface RiderOutcome {
  readonly riderId: number;
  readonly outcome: 'done' | 'failed';
  readonly reason: string | null;
}

/** The outcome of each requested rider, matched by id, as upstream guarantees no order. */
export function outcomesOf(
  requested: readonly number[],
  { riders, skipped }: RidersResponse,
): RiderOutcome[] {
  const returned = new Set(riders.map(({ rider }) => rider.riderId));
  const unreadable = new Map(skipped.map(({ id, reason }) => [Number(id), reason]));
  const allKnown = riderIdsOf(skipped).length === skipped.length;
  return requested.map((riderId) => {
    if (returned.has(riderId)) return { riderId, outcome: 'done', reason: null };
    const reason = unreadable.get(riderId);
    if (reason !== undefined)
      return failed(riderId, `ZwiftRacing's data for rider ${riderId} can't be read: ${reason}`);
    if (!allKnown) return failed(riderId, `ZwiftRacing returned no readable data for rider ${riderId}`);
    return failed(riderId, `ZwiftRacing has no rider ${riderId}`);
  });
}

/** Fewer requested riders can all be unknown. */
const leastUnknown = 20;
/** Fewer stored riders can all have left upstream. */
const leastLost = 5;

/**
 * Whether the riders that a response lacks can exist all the same: it has no rider at all, or lacks most of those that
 * were stored before. @param stored requested riders that are stored
 */
export function isDoubtful(
  requested: readonly number[],
  stored: readonly number[],
  { missing }: Pick<RidersResponse, 'missing'>,
): boolean {
  const gone = new Set(missing);
  const lost = stored.filter((id) => gone.has(id)).length;
  const isEmpty = requested.length >= leastUnknown && missing.length === requested.length;
  return isEmpty || (lost >= leastLost && 2 * lost > stored.length);
}

const failed = (riderId: number, reason: string): RiderOutcome => ({ riderId, outcome: 'failed', reason });
