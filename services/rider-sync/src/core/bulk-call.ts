import { isCollapse, presenceOf } from '@paceline/shared/sync/doubt';
import { count } from '@paceline/shared/words';
import { riderIdsOf, type RidersResponse, type UpstreamErrorCode } from '@paceline/shared/zwiftracing';

/** After this many lost bulk calls the riders of an import fail. */
const maxLostCalls = 3;

const otherMaxLost: Partial<Record<UpstreamErrorCode | 'in doubt', number>> = {
  unauthorized: 1,
  not_found: 1,
  rejected: 1,
  // Another answer of this kind confirms the first.
  unexpected: 2,
  'in doubt': 2,
};

/** After how many lost bulk calls the riders of an import fail, by what the last call came to. */
export const maxLostAfter = (last: UpstreamErrorCode | 'in doubt'): number =>
  otherMaxLost[last] ?? maxLostCalls;

/** Riders outside the clubs fill up a call only when their copies are at least this old, project ms. */
export const minFillAgeMs = 3_600_000;

/** Approximate duration of a bulk call including its wait, project ms. */
const bulkCallMs = 120_000;

/** How long riders of a run wait for the calls of others, project ms: a late run can have hours until its slot ends. */
const maxFillMs = 600_000;

/** Real ms; the minimum time to refresh them on a fast clock. */
export const minRefreshMs = 5_000;

/**
 * When a run starts to request bulk calls for its riders, late in its slot; until then they only fill up other calls.
 * @param batch how many riders one call can request
 * @param minMs `minRefreshMs` in project ms
 */
export const refreshStart = (
  { startedAt, slotEndsAt }: { readonly startedAt: number; readonly slotEndsAt: number },
  riders: number,
  batch: number,
  minMs: number,
): number =>
  Math.min(slotEndsAt - Math.max(Math.ceil(riders / batch) * bulkCallMs, minMs), startedAt + maxFillMs);

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

/** Fewer requested riders that were never stored can all be unknown. */
const leastUnknown = 3;

/**
 * Whether the riders that a response lacks can exist all the same: it is empty, or lacks most of those that were stored
 * before. @param stored requested riders that are stored
 */
export function isDoubtful(
  requested: readonly number[],
  stored: readonly number[],
  { riders, skipped }: Pick<RidersResponse, 'riders' | 'skipped'>,
): boolean {
  const unreadable = riderIdsOf(skipped);
  if (unreadable.length < skipped.length) return false;
  const listed = [...riders.map(({ rider }) => rider.riderId), ...unreadable];
  const isEmpty = listed.length === 0 && requested.length >= leastUnknown;
  return isEmpty || isCollapse(presenceOf(stored, listed));
}

/** The riders of a call for the call log; those outside the clubs only take places that are free. */
export function targetOf(wanted: number, outsiders: number): string {
  const others = `${count(outsiders, 'rider')} outside the clubs`;
  if (wanted === 0) return others;
  return outsiders === 0 ? count(wanted, 'rider') : `${count(wanted, 'rider')}, and ${others} in free places`;
}

const failed = (riderId: number, reason: string): RiderOutcome => ({ riderId, outcome: 'failed', reason });
