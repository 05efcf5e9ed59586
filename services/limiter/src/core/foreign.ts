import type { FactOf, ForeignCalls, Usage } from '@paceline/shared/contracts';

/*
 * Calls of other programs with the same key. Upstream's counters are compared with the ledger: what they count beyond all
 * calls of ours that may have arrived was made by another program. A counter can be wrong in any way, so only what two
 * answers in a row agree on is believed, and it is only ever added to the window.
 */

/** What an answer says of a budget, beside what the ledger knows of it. Times are project ms. */
export interface Observed {
  readonly usage: Usage;
  /** The limit in force. */
  readonly limit: number;
  readonly resets: 'sliding' | 'aligned';
  readonly startedAt: number;
  readonly answeredAt: number;
  /** Calls that arrived until then no longer counted when this call started. */
  readonly since: number;
  /** Calls of ours that may have arrived after that. */
  readonly ours: number;
}

/** What the last answer showed that could be believed. */
export interface Reading {
  readonly startedAt: number;
  readonly answeredAt: number;
  readonly used: number;
  readonly foreign: number;
}

export interface Comparison {
  readonly reading: Reading | undefined;
  /** Calls of other programs that the last two answers agree on. */
  readonly confirmed: number;
}

export function compareUsage(last: Reading | undefined, observed: Observed): Comparison {
  const { startedAt, answeredAt, since, ours, limit, resets } = observed;
  const used = usedOf(observed.usage, limit);
  if (used === undefined) return { reading: undefined, confirmed: 0 };
  const reading = { startedAt, answeredAt, used, foreign: Math.max(0, used - ours) };
  const isRecent = last !== undefined && last.startedAt > since;
  if (!isRecent) return { reading, confirmed: 0 };
  // Of two calls under way together, upstream may have answered either one first.
  if (startedAt < last.answeredAt) return { reading: last, confirmed: 0 };
  // Within an aligned window nothing leaves.
  if (resets === 'aligned' && used < last.used) return { reading: undefined, confirmed: 0 };
  return { reading, confirmed: Math.min(reading.foreign, last.foreign) };
}

/** The calls that upstream has counted; undefined for a counter of another limit, or one that contradicts itself. */
function usedOf({ limit: named, used, remaining }: Usage, limit: number): number | undefined {
  if (named !== undefined && named !== limit) return undefined;
  const left = named === undefined || remaining === undefined ? undefined : named - remaining;
  if (used !== undefined && left !== undefined && used !== left) return undefined;
  const counted = used ?? left;
  return counted !== undefined && counted >= 0 && counted <= limit ? counted : undefined;
}

/** How many calls of other programs may have arrived after `since`. */
export const foreignAfter = (foreign: ForeignCalls | undefined, since: number): number =>
  foreign === undefined
    ? 0
    : foreign.calls.reduce((sum, each) => (each.arrivesBy > since ? sum + each.calls : sum), 0);

/** The latest arrivals of those calls. */
export const foreignArrivals = (foreign: ForeignCalls | undefined, since: number): number[] =>
  foreign === undefined
    ? []
    : foreign.calls
        .filter(({ arrivesBy }) => arrivesBy > since)
        .flatMap(({ arrivesBy, calls }) => Array.from({ length: calls }, () => arrivesBy));

/** Adds calls of other programs to those that may have arrived after `since`. */
export const withForeign = (
  known: ForeignCalls | undefined,
  { by, at, since: seenSince, arrivesBy, calls }: FactOf<'foreign_booked'>,
  since: number,
): ForeignCalls => ({
  since: seenSince,
  lastAt: at,
  by: known?.since === seenSince && known.by === 'counter' ? 'counter' : by,
  calls: [...(known?.calls ?? []).filter((each) => each.arrivesBy > since), { arrivesBy, calls }],
});
