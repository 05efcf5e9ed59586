import { gainsFrom, untilEachNext, untilNext, untilStart, type Worth } from './worth.ts';

/** The calls for one use, e.g. for an event: moments by their index, ascending. */
export interface Chain {
  /** What calls are worth, with the copy that is there; minutes. */
  worthOf(calls: readonly number[]): number;
  /** The calls that are worth most after the price of each moment. */
  best(prices: Float64Array): number[];
  /** The same, and what each of them is worth more than the best calls without its moment, minutes. */
  bid(prices: Float64Array): { readonly calls: readonly number[]; readonly gains: readonly number[] };
}

/** Differences in worth up to this are none, minutes. */
const nothing = 1e-9;

/** What a search writes down; searches one after the other can share it. @param moments how many there are */
export const createScratch = (moments: number) => ({
  /** The moments that are cheap enough, with their prices, and the worth from each on after prices with the next call. */
  open: new Int32Array(moments),
  priceOf: new Float64Array(moments),
  fromCall: new Float64Array(moments),
  nextCall: new Int32Array(moments),
  /** The worth without one of the calls, and which moments would use that. */
  without: new Float64Array(moments),
  uses: new Uint8Array(moments),
});

/** @param moments when calls can be made, project ms @param canCall whether the event can be fetched then */
export function chainOf(
  worth: Worth,
  moments: readonly number[],
  canCall: (index: number) => boolean,
  scratch = createScratch(moments.length),
): Chain {
  const { startsAt, copiedAt } = worth;
  const from = gainsFrom(worth);
  const usable: number[] = [];
  for (let index = 0; index < moments.length; index += 1) {
    const at = moments[index] ?? 0;
    if (at > from && at < startsAt && canCall(index)) usable.push(index);
  }
  const size = usable.length;
  // The usable moments, and our copy as the last one.
  const copies = usable.map((index) => moments[index] ?? 0);
  copies.push(copiedAt);
  const alone = copies.map((at) => untilStart(worth, at));
  const until = untilEachNext(worth, copies);
  /** What each call gains by itself: beside others it gains less. */
  const gain = usable.map(
    (_, call) => (until[size * size + call] ?? 0) + (alone[call] ?? 0) - (alone[size] ?? 0),
  );
  const { open, priceOf, fromCall, nextCall, without, uses } = scratch;
  let count = 0;
  /** The worth that the last search found. */
  let found = 0;

  /** The best call after a copy, of the open ones `first` … `end - 1`; -1: none is better than `least`. */
  function bestAfter(copy: number, worths: Float64Array, first: number, end: number, least: number): number {
    const row = copy * size;
    let best = -1;
    let most = least;
    for (let next = first; next < end; next += 1) {
      const total = (worths[next] ?? 0) + (until[row + (open[next] ?? 0)] ?? 0);
      if (total <= most) continue;
      most = total;
      best = next;
    }
    found = most;
    return best;
  }
  const copyOf = (each: number): number => (each < 0 ? size : (open[each] ?? 0));

  function search(prices: Float64Array): number {
    count = 0;
    for (let call = 0; call < size; call += 1) {
      const price = prices[usable[call] ?? 0] ?? 0;
      if (price >= (gain[call] ?? 0)) continue;
      open[count] = call;
      priceOf[count] = price;
      count += 1;
    }
    for (let each = count - 1; ; each -= 1) {
      const copy = copyOf(each);
      const best = bestAfter(copy, fromCall, each + 1, count, (alone[copy] ?? 0) + nothing);
      if (each < 0) return best;
      nextCall[each] = best;
      fromCall[each] = found - (priceOf[each] ?? 0);
    }
  }

  /** The worth of the best calls without one that they contain. */
  function worthWithout(call: number, first: number): number {
    for (let each = call - 1; ; each -= 1) {
      const next = each < 0 ? first : (nextCall[each] ?? -1);
      const isUsing = next === call || (next >= 0 && next < call && uses[next] === 1);
      if (isUsing) {
        const copy = copyOf(each);
        bestAfter(copy, without, each + 1, call, (alone[copy] ?? 0) + nothing);
        bestAfter(copy, fromCall, call + 1, count, found);
      }
      if (each < 0) return found;
      uses[each] = Number(isUsing);
      without[each] = isUsing ? found - (priceOf[each] ?? 0) : (fromCall[each] ?? 0);
    }
  }

  const follow = (first: number): number[] => {
    const calls: number[] = [];
    for (let each = first; each >= 0; each = nextCall[each] ?? -1) calls.push(each);
    return calls;
  };
  const momentOf = (each: number): number => usable[open[each] ?? 0] ?? 0;

  return {
    worthOf(calls) {
      let total = 0;
      let before = copiedAt;
      for (const call of calls) {
        const at = moments[call] ?? 0;
        total += untilNext(worth, before, at);
        before = at;
      }
      return total + untilStart(worth, before);
    },
    best(prices) {
      return follow(search(prices)).map(momentOf);
    },
    bid(prices) {
      const first = search(prices);
      const all = found;
      const calls = follow(first);
      return { calls: calls.map(momentOf), gains: calls.map((call) => all - worthWithout(call, first)) };
    },
  };
}

/** More than all other calls together, minutes. */
const neededWorth = 1e6;

/** Exactly one call, in whichever moment it suits best after prices. @param suits how well each moment does, minutes */
export const oneCall = (suits: readonly number[]): Chain => {
  const bid = (prices: Float64Array) => {
    let call = -1;
    let [most, second] = [0, 0];
    for (const [moment, suited] of suits.entries()) {
      const left = neededWorth + suited - (prices[moment] ?? 0);
      if (left > most) [call, most, second] = [moment, left, most];
      else if (left > second) second = left;
    }
    return call < 0 ? { calls: [], gains: [] } : { calls: [call], gains: [most - second] };
  };
  return {
    worthOf: ([call]) => (call === undefined ? 0 : neededWorth + (suits[call] ?? 0)),
    best: (prices) => bid(prices).calls,
    bid,
  };
};
