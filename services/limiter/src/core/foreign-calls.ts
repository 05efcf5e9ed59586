import type { FactOf, ForeignCalls } from '@paceline/shared/contracts';

/* Calls of other programs with the same key, as they are booked in a budget. */

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
