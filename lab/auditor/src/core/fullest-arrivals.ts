import type { Call } from './history.ts';
import type { Matching } from './match.ts';
import type { Fullest } from './windows.ts';

type Pairs = Matching['pairs'];

/** The fullest window by when calls did arrive, and the calls with which one held more than its policy allows. */
export function fullestByArrival(pairs: Pairs): { fullest: Fullest | null; overFull: readonly Call[] } {
  const inOrder = pairs.toSorted((a, b) => a.arrival.arrivedAt - b.arrival.arrivedAt);
  const overFull: Call[] = [];
  let fullest: Fullest | null = null;
  for (const [index, { arrival, call }] of inOrder.entries()) {
    if (!call.judged) continue;
    const { limit, windowMs } = call.policy;
    const from = firstAfter(inOrder, arrival.arrivedAt - windowMs);
    let filled = index - from + 1;
    // Upstream had invited it: it is judged by what was called since the policy became stricter.
    if (filled > limit && call.invited) {
      filled = inOrder.slice(from, index + 1).filter((each) => each.call.order >= call.strictFrom).length;
    }
    if (filled > limit) overFull.push(call);
    if (!fullest || filled / limit > fullest.calls / fullest.limit) {
      fullest = { calls: filled, limit, at: arrival.arrivedAt };
    }
  }
  return { fullest, overFull };
}

/** Where the first pair stands that arrived after `bound`. */
function firstAfter(pairs: Pairs, bound: number): number {
  let [low, high] = [0, pairs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((pairs[middle]?.arrival.arrivedAt ?? Infinity) <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
