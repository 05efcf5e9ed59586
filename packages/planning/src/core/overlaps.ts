import type { Slot } from '@paceline/shared/contracts';

/** Two slots that are open at once, the one that opens first first. */
export type Pair = readonly [Slot, Slot];

/** The pairs of two kinds' slots that overlap, oldest first. Each list is in order, and of one duration. */
export function overlapsBetween(ones: readonly Slot[], others: readonly Slot[]): Pair[] {
  const pairs: Pair[] = [];
  let begin = 0;
  for (const one of ones) {
    while ((others[begin]?.endsAt ?? Infinity) <= one.scheduledFor) begin += 1;
    for (let index = begin; (others[index]?.scheduledFor ?? Infinity) < one.endsAt; index += 1) {
      const other = others[index];
      if (other) pairs.push(one.scheduledFor <= other.scheduledFor ? [one, other] : [other, one]);
    }
  }
  return pairs;
}

/** The slots of one kind that are still open when its next one opens, each with that one. */
export const overrunsOf = (slots: readonly Slot[]): Pair[] =>
  slots.flatMap((slot, index) => {
    const next = slots[index + 1];
    return next && next.scheduledFor < slot.endsAt ? [[slot, next] as const] : [];
  });

/** For how long (ms) at least one of the pairs is open together, between `from` and `until`. */
export function timeTogether(pairs: readonly Pair[], from: number, until: number): number {
  const spans = pairs
    .map(([a, b]) => [Math.max(from, b.scheduledFor), Math.min(until, a.endsAt, b.endsAt)] as const)
    .toSorted(([a], [b]) => a - b);
  let total = 0;
  let covered = from;
  for (const [begin, end] of spans) {
    total += Math.max(0, end - Math.max(begin, covered));
    covered = Math.max(covered, end);
  }
  return total;
}
