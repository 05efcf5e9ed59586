import { assign } from './assignment.ts';
import type { Chain } from './chain.ts';
import { gainIn, type Worth } from './worth.ts';

/*
 * Shares the moments out among events so that the sum of what their calls are worth is as high as possible: first the best
 * assignment of one call per event and class, then each event in turn takes its best calls and pays what others lose by it.
 */

/** An event, and what calls for it are worth. */
export interface Claim {
  readonly worth: Worth;
  readonly chain: Chain;
}

/** A call that is worth less, in minutes, is not made. */
const leastWorth = 5;
/** Minutes per moment, so that the earliest of equally good moments is taken. */
const patience = 1e-6;
/** A gain in minutes that is worth a change. */
const leastGain = 0.01;
const maxRounds = 4;
/** More than all other calls together. */
const reservedWorth = 1e6;

/** @returns the moments of each claim, ascending; and the one that is kept for another use */
export function shareOut(
  claims: readonly Claim[],
  moments: readonly number[],
  canCall: (claim: Claim, moment: number) => boolean,
  /** How well a moment suits the other use, below 0; undefined: there is none. */
  reserve: ((moment: number) => number) | undefined,
): { readonly calls: ReadonlyArray<readonly number[]>; readonly reserved: number | undefined } {
  const calls: number[][] = claims.map(() => []);
  let reserved: number | undefined;
  const needs = needsOf(claims, moments, canCall);
  if (reserve) needs.push({ claim: -1, worths: moments.map((_, m) => reservedWorth + reserve(m)) });
  for (const [claim, m] of pairs(needs, moments.length))
    if (claim < 0) reserved = m;
    else calls[claim]?.push(m);
  for (const each of calls) each.sort((a, b) => a - b);
  improve(claims, calls, moments.length, reserved);
  return { calls, reserved };
}

/** A call that an event needs; `claim`: its index. */
interface Need {
  readonly claim: number;
  /** By moment, minutes. */
  readonly worths: readonly number[];
}

/** One call per event and class, for which there is a moment. */
function needsOf(
  claims: readonly Claim[],
  moments: readonly number[],
  canCall: (claim: Claim, moment: number) => boolean,
): Need[] {
  const needs: Need[] = [];
  for (const [index, claim] of claims.entries())
    for (const name of ['near', 'urgent'] as const) {
      const worths = moments.map((at, m) => (canCall(claim, m) ? gainIn(claim.worth, name, at) : 0));
      if (worths.some((worth) => worth > leastWorth)) needs.push({ claim: index, worths });
    }
  return needs;
}

/** The best assignment, as pairs of claim and moment. */
function pairs(needs: readonly Need[], moments: number): Array<readonly [claim: number, moment: number]> {
  const worthAt = ({ worths }: Need, m: number) => (worths[m] ?? 0) - leastWorth - m * patience;
  if (needs.length <= moments) {
    const worth = Float64Array.from(needs.flatMap((need) => need.worths.map((_, m) => worthAt(need, m))));
    const found = [...assign(worth, needs.length, moments)];
    return found.flatMap((m, n) => (m < 0 ? [] : [[needs[n]?.claim ?? 0, m] as const]));
  }
  const indexes = Array.from({ length: moments }, (_, m) => m);
  const worth = Float64Array.from(indexes.flatMap((m) => needs.map((need) => worthAt(need, m))));
  const found = [...assign(worth, moments, needs.length)];
  return found.flatMap((n, m) => (n < 0 ? [] : [[needs[n]?.claim ?? 0, m] as const]));
}

/** Lets each event take better calls from others, until nothing is gained. */
function improve(
  claims: readonly Claim[],
  calls: number[][],
  moments: number,
  reserved: number | undefined,
): void {
  const free = Float64Array.from({ length: moments }, (_, m) => leastWorth + m * patience);
  const holder = new Int32Array(moments).fill(-1);
  const prices = Float64Array.from(free);
  if (reserved !== undefined) prices[reserved] = Infinity;

  const release = (index: number) => {
    for (const m of calls[index] ?? []) {
      holder[m] = -1;
      prices[m] = free[m] ?? 0;
    }
  };
  const hold = (index: number, own: number[]) => {
    calls[index] = own;
    const { chain } = claims[index] as Claim;
    const all = chain.worthOf(own);
    for (const m of own) {
      holder[m] = index;
      prices[m] = all - chain.worthOf(own.filter((other) => other !== m));
    }
  };
  /** The best calls in moments that are free. */
  const takeFree = (index: number) => {
    release(index);
    const open = prices.map((price, m) => ((holder[m] ?? -1) < 0 ? price : Infinity));
    hold(index, (claims[index] as Claim).chain.best(open));
  };

  for (const index of claims.keys()) hold(index, calls[index] ?? []);
  for (let round = 0, changed = true; changed && round < maxRounds; round += 1) {
    changed = false;
    for (const [index, { chain }] of claims.entries()) {
      const before = calls[index] ?? [];
      release(index);
      const own = chain.best(prices);
      if (net(chain, own, prices) < net(chain, before, prices) + leastGain) {
        hold(index, before);
        continue;
      }
      changed = true;
      const losers = new Set(own.map((m) => holder[m] ?? -1).filter((each) => each >= 0));
      for (const loser of losers) calls[loser] = (calls[loser] ?? []).filter((m) => !own.includes(m));
      hold(index, own);
      for (const loser of losers) takeFree(loser);
    }
  }
}

/** What calls are worth after their prices. */
const net = ({ worthOf }: Chain, own: readonly number[], prices: Float64Array): number =>
  own.reduce((left, m) => left - (prices[m] ?? 0), worthOf(own));
