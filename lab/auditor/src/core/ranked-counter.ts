/**
 * Counts values that come one by one: how many of those that have come are above a bound, in logarithmic time (a
 * Fenwick tree over the values' ranks).
 */
export class RankedCounter {
  readonly #ranks: readonly number[];
  readonly #sums: number[];
  #size = 0;

  /** @param values all that will come */
  constructor(values: readonly number[]) {
    this.#ranks = [...new Set(values)].toSorted((a, b) => a - b);
    this.#sums = Array.from({ length: this.#ranks.length + 1 }, () => 0);
  }

  add(value: number): void {
    this.#size += 1;
    for (let at = this.#upTo(value); at < this.#sums.length; at += at & -at) this.#sums[at]! += 1;
  }

  above(bound: number): number {
    let notAbove = 0;
    for (let at = this.#upTo(bound); at > 0; at -= at & -at) notAbove += this.#sums[at] ?? 0;
    return this.#size - notAbove;
  }

  /** How many of the ranks are at most `value`. */
  #upTo(value: number): number {
    let [low, high] = [0, this.#ranks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranks[middle] ?? Infinity) <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
