import { count, rate } from '@paceline/shared/words';
import { violation, type Finding, howLong, listed, note, when } from './findings.ts';
import type { BudgetHistory, StartedCall } from './history.ts';
import { countedAfter, leavesAt } from './rules.ts';

/** The fullest window relative to its limit. */
export interface Fullest {
  readonly calls: number;
  readonly limit: number;
  /** Start of the call that filled it, project ms. */
  readonly at: number;
}

/** The fuller one relative to its limit; the first if equal. */
export const fuller = (one: Fullest | null, other: Fullest): Fullest =>
  one && one.calls / one.limit >= other.calls / other.limit ? one : other;

/** Index of the first item for which the condition holds, in a list where it then holds for all later ones. */
export function firstWhere(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Checks the window at every call j by counting each call i (j included) with `startedAt_i ≤ startedAt_j` and
 * `latestAt_i + W > startedAt_j`.
 *
 * Complete: take any window [x, x + W), and let j be the last-started of the calls that arrived in it. j started before
 * it arrived, so `startedAt_j < x + W`. Every other call i arrived at x or later, so `latestAt_i ≥ x > startedAt_j − W`
 * and i is counted at j. Exact: if j arrives the instant it starts, and every counted i as soon after
 * `startedAt_j − W` as possible, one window contains them all.
 *
 * Aligned spans [kW, (k + 1)W) are of upstream's clock, within ε of the ledger's: call i arrives there before
 * `latestAt_i + ε`, and j not before `startedAt_j − ε`, so not before the span that contains it, which starts at b. By the
 * same argument the calls with `latestAt_i + ε > b` are those that a span can contain together with j.
 *
 * The policy in force when j started applies. After it became stricter, earlier calls still count, because the limiter
 * knew them and could wait. Exception: for a probe at the time that upstream itself named, only calls since the change
 * count; a note says how many older ones may have been in its window.
 */
export function judgeWindows(budget: BudgetHistory) {
  const findings: Finding[] = [];
  let fullest: Fullest | null = null;
  for (const calls of byTimeline(budget.calls)) {
    const counter = new RankedCounter(calls.map(({ arrivesBy }) => arrivesBy));
    for (const [index, call] of calls.entries()) {
      counter.add(call.arrivesBy);
      if (!call.judged) continue;
      const { limit } = call.policy;
      let filled = counter.above(countedAfter(budget.rules, call.policy, call.startedAt));
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

/** Calls that may have arrived, per timeline, in start order. */
export function byTimeline(calls: readonly StartedCall[]): Iterable<StartedCall[]> {
  const sent = calls.filter(({ end }) => end !== 'returned');
  const inOrder = sent.toSorted((a, b) => a.startedAt - b.startedAt || a.order - b.order);
  return Map.groupBy(inOrder, ({ timeline }) => timeline).values();
}

function judgeOverFull({ place, rules }: BudgetHistory, upToIt: readonly StartedCall[], call: StartedCall) {
  const { permit, policy, startedAt, sequence } = call;
  const after = countedAfter(rules, policy, startedAt);
  const counted = upToIt.filter(({ arrivesBy }) => arrivesBy > after);
  const since = counted.filter(({ order }) => order >= call.strictFrom);
  if (call.invited && since.length <= policy.limit) {
    const older = counted.length - since.length;
    const message = `${permit} was the probe at ${when(startedAt)}, the time that upstream named. ${count(older, 'call')} from before the policy was known to be ${rate(policy)} may still have been in its window.`;
    return { filled: since.length, finding: note('older_calls_overlap', message, { place, sequence }) };
  }
  const others = counted.filter((each) => each !== call);
  const first = leavesAt(rules, policy, Math.min(...others.map(({ arrivesBy }) => arrivesBy)));
  const message = `${permit} was started at ${when(startedAt)} as call ${counted.length} in a window that allows ${policy.limit} (${rate(policy)}). The first of the others (${listed(others.map((each) => each.permit))}) leaves the window at ${when(first)}, ${howLong(first - startedAt)} later.`;
  return { filled: counted.length, finding: violation('over_limit', message, { place, sequence }) };
}

/** Counts added values above a bound in logarithmic time (a Fenwick tree over ranks). */
export class RankedCounter {
  readonly #ranks: readonly number[];
  readonly #sums: number[];
  #size = 0;

  /** @param values all values that will be added */
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

  /** Number of ranks up to `value`. */
  #upTo(value: number): number {
    return firstWhere(this.#ranks.length, (index) => (this.#ranks[index] ?? Infinity) > value);
  }
}
