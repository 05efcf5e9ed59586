/** What came of the inputs to one route. */
export interface RouteTally {
  readonly route: string;
  inputs: number;
  /** How often each status was answered; 0: the connection ended without one. */
  readonly statuses: Record<number, number>;
  /** Answers of 500 and above; of a 503 only one that stays. */
  failed: number;
  /** Refusals that do not say why as problem+json. */
  untold: number;
  /** 503s at the first try, whatever came of them later. */
  away: number;
}

export const emptyTally = (route: string): RouteTally => ({
  route,
  inputs: 0,
  statuses: {},
  failed: 0,
  untold: 0,
  away: 0,
});

/** Adds an answer. @returns what is wrong with it; undefined: nothing */
export function count(
  tally: RouteTally,
  { status, media, method }: { status: number; media: string; method: string },
): string | undefined {
  tally.inputs += 1;
  tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
  if (status >= 500) {
    tally.failed += 1;
    return 'a failure';
  }
  // An answer to HEAD has no body.
  if (status >= 400 && method !== 'HEAD' && media !== 'application/problem+json') {
    tally.untold += 1;
    return 'a refusal that is no problem+json';
  }
  return undefined;
}
