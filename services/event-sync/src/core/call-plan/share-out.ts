import type { Chain } from './chain.ts';

/*
 * Shares the moments out so that the sum of what their calls are worth is as high as possible. An auction comes near that: each
 * event bids for the calls that are worth most to it after their prices, and who is outbid bids again. Then each in turn
 * takes better calls if others lose less by it.
 */

/** A call that is worth less, in minutes, is not made. */
const leastWorth = 5;
/** Minutes per moment, so that the earliest of equally good moments is taken. */
const patience = 1e-6;
/** What each bid raises a price by at least, minutes: less costs more bids and brings the sum closer to the highest. */
const bidStep = 7;
/** A gain in minutes that is worth an exchange. */
const leastGain = 0.01;
const maxBids = 2_000;
const maxRounds = 4;

/** @returns the moments of each chain, ascending */
export function shareOut(chains: readonly Chain[], moments: number): number[][] {
  const calls: number[][] = chains.map(() => []);
  const free = Float64Array.from({ length: moments }, (_, m) => leastWorth + m * patience);
  auction(chains, calls, free);
  improve(chains, calls, free);
  return calls;
}

function auction(chains: readonly Chain[], calls: number[][], free: Float64Array): void {
  const prices = Float64Array.from(free);
  const holder = new Int32Array(free.length).fill(-1);
  const bidders = [...chains.keys()];
  for (let bid = 0; bid < bidders.length && bid < maxBids; bid += 1) {
    const bidder = bidders[bid] as number;
    const chain = chains[bidder] as Chain;
    const before = calls[bidder] ?? [];
    for (const m of before) prices[m] = Math.max(free[m] ?? 0, (prices[m] ?? 0) - bidStep);
    const { calls: own, gains } = chain.bid(prices);
    for (const m of before) {
      holder[m] = -1;
      if (!own.includes(m)) prices[m] = free[m] ?? 0;
    }
    for (const [index, m] of own.entries()) {
      const loser = holder[m] ?? -1;
      if (loser >= 0) {
        calls[loser] = (calls[loser] ?? []).filter((each) => each !== m);
        if (bidders.lastIndexOf(loser) <= bid) bidders.push(loser);
      }
      holder[m] = bidder;
      prices[m] = (prices[m] ?? 0) + (gains[index] ?? 0) + bidStep;
    }
    calls[bidder] = [...own];
  }
}

/** Lets each take better calls from others, until nothing is gained. */
function improve(chains: readonly Chain[], calls: number[][], free: Float64Array): void {
  const holder = new Int32Array(free.length).fill(-1);
  const prices = Float64Array.from(free);

  const release = (index: number) => {
    for (const m of calls[index] ?? []) {
      holder[m] = -1;
      prices[m] = free[m] ?? 0;
    }
  };
  const hold = (index: number, own: number[]) => {
    calls[index] = own;
    const chain = chains[index] as Chain;
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
    hold(index, (chains[index] as Chain).best(open));
  };

  for (const index of chains.keys()) hold(index, calls[index] ?? []);
  for (let round = 0, changed = true; changed && round < maxRounds; round += 1) {
    changed = false;
    for (const [index, chain] of chains.entries()) {
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
  // Earlier moments that are as good and free.
  for (const index of chains.keys()) takeFree(index);
}

/** What calls are worth after their prices. */
const net = ({ worthOf }: Chain, own: readonly number[], prices: Float64Array): number =>
  own.reduce((left, m) => left - (prices[m] ?? 0), worthOf(own));
