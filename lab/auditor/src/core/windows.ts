import { count, rate } from '@paceline/shared/words';
import { breach, type Finding, howLong, listed, remark, when } from './findings.ts';
import type { BudgetHistory, StartedCall } from './history.ts';

/** The window that is fullest beside what its policy allows. */
export interface Fullest {
  readonly calls: number;
  readonly limit: number;
  /** When the call started with which it was so full, project ms. */
  readonly at: number;
}

/** The one that is fuller beside what its policy allows; the first of two that are alike. */
export const fuller = (one: Fullest | null, other: Fullest): Fullest =>
  one && one.calls / one.limit >= other.calls / other.limit ? one : other;

/** Where in a sorted list the first value above a bound stands. */
export function firstAbove(length: number, valueAt: (index: number) => number | undefined, bound: number) {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((valueAt(middle) ?? Infinity) <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The law of the window, judged at every call j by counting each call i with `startedAt_i ≤ startedAt_j` (j too) and
 * `latestAt_i + W > startedAt_j`.
 *
 * Why that suffices: take any [x, x + W), wherever it begins, and of the calls that arrived in it the one that started
 * last, j. It had started when it arrived, so `startedAt_j < x + W`. Every other call i of them arrived at x or later,
 * so `latestAt_i ≥ x > startedAt_j − W`: all of them are counted at j. And nothing is counted too much: let j arrive as
 * it starts, and every i that is counted as soon after `startedAt_j − W` as it can, and one window holds them all.
 *
 * The policy that counts is the one in force when j started. When it had become stricter, all calls of before still
 * count: the limiter knew of them, and could wait. Only a call that upstream itself had invited by naming the moment is
 * judged from that change on; how many older calls it may have met is then said.
 */
export function judgeWindows(budget: BudgetHistory) {
  const findings: Finding[] = [];
  let fullest: Fullest | null = null;
  for (const calls of byTimeline(budget.calls)) {
    const counter = new RankedCounter(calls.map(({ arrivesBy }) => arrivesBy));
    for (const [index, call] of calls.entries()) {
      counter.add(call.arrivesBy);
      if (!call.judged) continue;
      const { limit, windowMs } = call.policy;
      let filled = counter.above(call.startedAt - windowMs);
      if (filled > limit) {
        const verdict = judgeOverFull(budget, calls.slice(0, index + 1), call);
        findings.push(verdict.finding);
        filled = verdict.filled;
      }
      fullest = fuller(fullest, { calls: filled, limit, at: call.startedAt });
    }
  }
  return { fullest, findings };
}

/** The calls that may have arrived, timeline by timeline, in the order in which they started. */
function byTimeline(calls: readonly StartedCall[]): Iterable<StartedCall[]> {
  const sent = calls.filter(({ end }) => end !== 'returned');
  const inOrder = sent.toSorted((a, b) => a.startedAt - b.startedAt || a.order - b.order);
  return Map.groupBy(inOrder, ({ timeline }) => timeline).values();
}

function judgeOverFull({ place }: BudgetHistory, upToIt: readonly StartedCall[], call: StartedCall) {
  const { permit, policy, startedAt, sequence } = call;
  const counted = upToIt.filter(({ arrivesBy }) => arrivesBy + policy.windowMs > startedAt);
  const since = counted.filter(({ order }) => order >= call.strictFrom);
  if (call.invited && since.length <= policy.limit) {
    const older = counted.length - since.length;
    const says = `${permit} went ahead at ${when(startedAt)}, as soon as upstream had named. ${count(older, 'call')} of before the policy was known to be ${rate(policy)} may still have been in its window.`;
    return { filled: since.length, finding: remark('older_calls_overlap', says, { place, sequence }) };
  }
  const others = counted.filter((each) => each !== call);
  const first = Math.min(...others.map(({ arrivesBy }) => arrivesBy));
  const says = `${permit} was started at ${when(startedAt)} as call ${counted.length} of a window that holds ${policy.limit} (${rate(policy)}). The first of the others (${listed(others.map((each) => each.permit))}) leaves it only at ${when(first + policy.windowMs)}, ${howLong(first + policy.windowMs - startedAt)} later.`;
  return { filled: counted.length, finding: breach('over_full', says, { place, sequence }) };
}

/** Counts how many of the values that have come are above a bound, in logarithmic time (a Fenwick tree over ranks). */
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
    return firstAbove(this.#ranks.length, (index) => this.#ranks[index], value);
  }
}
