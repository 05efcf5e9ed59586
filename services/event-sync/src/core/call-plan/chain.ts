import { gainsFrom, untilNext, untilStart, type Worth } from './worth.ts';

/** The calls for one event: moments by their index, ascending. */
export interface Chain {
  /** What calls are worth, with the copy that is there; minutes. */
  worthOf(calls: readonly number[]): number;
  /** The calls that are worth most after the price of each moment. */
  best(prices: Float64Array): number[];
}

/** Differences in worth up to this are none, minutes. */
const nothing = 1e-9;

/** @param moments when calls can be made, project ms @param canCall whether the event can be fetched then */
export function chainOf(
  worth: Worth,
  moments: readonly number[],
  canCall: (index: number) => boolean,
): Chain {
  const { startsAt, copiedAt, near, urgent } = worth;
  const from = gainsFrom(worth);
  const usable = moments.flatMap((at, index) =>
    at > from && at < startsAt && canCall(index) ? [index] : [],
  );
  const size = usable.length;
  // The usable moments, and our copy as the last one: as arrays, because the search below takes most of a plan's time.
  const copies = Float64Array.from([...usable.map((index) => moments[index] ?? 0), copiedAt]);
  const nearFrom = copies.map((at) => Math.max(near.from, at));
  const nearUntil = copies.map((at) => Math.min(near.until, at + near.goal));
  const urgentFrom = copies.map((at) => Math.max(urgent.from, at));
  const urgentUntil = copies.map((at) => Math.min(urgent.until, at + urgent.goal));
  const alone = copies.map((at) => untilStart(worth, at));
  // The worth from a call on after its price, with the best calls after it, and the first of those.
  const fromCall = new Float64Array(size);
  const nextCall = new Int32Array(size);

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
      // A call is never worth more than its copy alone would be.
      const open: number[] = [];
      for (let call = 0; call < size; call += 1)
        if ((prices[usable[call] ?? 0] ?? 0) < (alone[call] ?? 0)) open.push(call);
      let most = 0;
      /** The best call after a copy, from the `first` open one on; -1: none. Leaves the total in `most`. */
      const bestAfter = (copy: number, first: number): number => {
        const [fromNear, untilNear] = [nearFrom[copy] ?? 0, nearUntil[copy] ?? 0];
        const [fromUrgent, untilUrgent] = [urgentFrom[copy] ?? 0, urgentUntil[copy] ?? 0];
        let best = -1;
        most = alone[copy] ?? 0;
        for (let next = first; next < open.length; next += 1) {
          const call = open[next] ?? 0;
          const at = copies[call] ?? 0;
          let total = fromCall[call] ?? 0;
          const freshNear = (at < untilNear ? at : untilNear) - fromNear;
          if (freshNear > 0) total += freshNear * near.perMs;
          const freshUrgent = (at < untilUrgent ? at : untilUrgent) - fromUrgent;
          if (freshUrgent > 0) total += freshUrgent * urgent.perMs;
          if (total <= most + nothing) continue;
          most = total;
          best = next;
        }
        return best;
      };
      for (let each = open.length - 1; each >= 0; each -= 1) {
        const call = open[each] ?? 0;
        nextCall[each] = bestAfter(call, each + 1);
        fromCall[call] = most - (prices[usable[call] ?? 0] ?? 0);
      }
      const calls: number[] = [];
      for (let each = bestAfter(size, 0); each >= 0; each = nextCall[each] ?? -1)
        calls.push(usable[open[each] ?? 0] ?? 0);
      return calls;
    },
  };
}
