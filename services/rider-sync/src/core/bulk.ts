import { type Lane, laneNames } from '@paceline/shared/definition';
import type { Waiting } from '@paceline/shared/limiter';
import { riderIdsOf, type RidersAnswer } from '@paceline/shared/zwiftracing';

/** Upstream takes so many ids at the most. */
export const fullCall = 1_000;

/** A bulk call that found no answer so often is no longer the call's fault: its riders have failed. */
export const mostLost = 3;

/** Nobody needs a copy of a rider outside the clubs anew that is younger, project ms: it only fills a call up. */
export const fillUpAge = 3_600_000;

/** Bulk calls of one process at a time: each that is under way holds a connection to Postgres. */
export const mostUnderWay = 3;

/** Project ms for which riders that somebody adds are gathered: who adds many does not do so in one instant. */
export const gatherMs = 2_000;

/** Project ms before a permit is asked for again that nobody had a use for, or whose call has failed. */
export const restMs = 30_000;

/** A bulk call with all that goes with it takes about so long, project ms. */
const aCall = 120_000;

/**
 * When a run begins to ask for bulk calls of its own for so many riders: late in its slot. Until then they ride along on
 * any that leaves, and who adds riders finds the window free.
 * @param least what the machine needs at the least, project ms
 */
export const refreshFrom = (slotEndsAt: number, riders: number, least: number): number =>
  slotEndsAt - Math.max(Math.ceil(riders / fullCall) * aCall, least);

/** What became of a rider. */
export interface Outcome {
  readonly riderId: number;
  readonly outcome: 'done' | 'failed';
  readonly reason: string | null;
}

/** What a bulk answer means for each rider that was asked for, by its id: upstream promises no order. */
export function outcomesOf(asked: readonly number[], { riders, skipped }: RidersAnswer): Outcome[] {
  const told = new Set(riders.map(({ rider }) => rider.riderId));
  const unreadable = new Map(skipped.map(({ id, reason }) => [Number(id), reason]));
  const allKnown = riderIdsOf(skipped).length === skipped.length;
  return asked.map((riderId) => {
    if (told.has(riderId)) return { riderId, outcome: 'done', reason: null };
    const why = unreadable.get(riderId);
    if (why !== undefined)
      return failed(riderId, `What ZwiftRacing says of rider ${riderId} can't be read: ${why}`);
    if (!allKnown) return failed(riderId, `ZwiftRacing says nothing readable of rider ${riderId}`);
    return failed(riderId, `ZwiftRacing knows no rider ${riderId}`);
  });
}

const failed = (riderId: number, reason: string): Outcome => ({ riderId, outcome: 'failed', reason });

/** The lane of the one ask for all who want a bulk call: that of the most urgent. Undefined: nobody does. */
export const mostUrgent = (wanted: ReadonlyArray<Lane | undefined>): Lane | undefined =>
  laneNames.find((lane) => wanted.includes(lane));

/**
 * Somebody who waits for riders that a bulk call could bring.
 * @typeParam Slot of a run that refreshes riders outside the clubs
 * @typeParam Move what is told of a bulk call
 */
export interface Wish<Slot, Move> {
  /** The lane in which a bulk call is asked for now on its behalf; undefined: just now it wants none. */
  lane(): Lane | undefined;
  readonly slot?: Slot;
  /** What the limiter says of the next bulk call; undefined: nobody waits for one any more. */
  waits?(waiting: Waiting | undefined): void;
  /** A permit was there, and nobody to fetch with it. */
  idle?(): void;
  /** A bulk call, of this process or another one, has left, was answered or was lost. */
  moved(move: Move): void;
}
