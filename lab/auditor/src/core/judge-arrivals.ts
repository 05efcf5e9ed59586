import type { Policy } from '@paceline/shared/contracts';
import { count, rate } from '@paceline/shared/words';
import {
  type LoggedArrival,
  arrivesBy,
  clockSlackMs,
  match,
  type Matching,
  type LoggedTime,
} from './arrivals.ts';
import { violation, type Finding, howLong, listed, type BudgetPlace, note, when } from './findings.ts';
import type { BudgetHistory, StartedCall } from './history.ts';
import type { SeenUpstream } from './rejections.ts';
import { alignedStart, type BudgetRules } from './rules.ts';
import { firstWhere, fuller, type Fullest } from './windows.ts';

/**
 * Compares a budget's started calls with its arrivals (oldest first).
 * @param watched time span of the log
 * @param journalled permits with a 429 in the journal, on any budget
 */
export function judgeArrivals(
  { place, rules, calls }: BudgetHistory,
  arrivals: readonly LoggedArrival[],
  watched: LoggedTime,
  journalled: ReadonlySet<string>,
) {
  const sent = calls.filter(({ end }) => end !== 'returned');
  const { pairs, unmatched } = match(sent, arrivals);
  const returnedCalls = calls.filter(({ end }) => end === 'returned');
  const { pairs: returned, unmatched: foreign } = match(returnedCalls, unmatched);
  const { fullest, overFull } = fullestByArrival(rules, pairs);
  const rejected = pairs.filter(({ arrival }) => arrival.verdict === 'rejected');
  const notJournalled = rejected.filter(({ call }) => call.end !== 'open' && !journalled.has(call.permit));
  const missing = missingOf(sent, pairs, watched);
  return {
    figures: {
      arrived: pairs.length,
      rejected: rejected.length,
      /** Arrivals without a started call. */
      foreign: foreign.length,
      /** Permits of started calls that never arrived. */
      neverArrived: missing.map(({ permit }) => permit),
      /** The fullest window by actual arrivals. */
      fullest,
    },
    findings: [
      ...overFull.map(({ permit, policy, sequence }) => {
        const message = `${permit} arrived in a window that exceeded ${rate(policy)}.`;
        return violation('arrived_over_limit', message, { place, sequence });
      }),
      // The limiter had freed its place for another call.
      ...returned.map(({ call: { permit, sequence }, arrival }) => {
        const message = `${permit} was returned as unused, but a call arrived at ${when(arrival.arrivedAt)}.`;
        return violation('returned_arrived', message, { place, sequence });
      }),
      ...notJournalled.map(({ call: { permit, sequence }, arrival }) => {
        const enforced = arrival.policies[place.endpoint];
        const under = enforced ? ` under ${rate(enforced)}` : '';
        const message = `${permit} was rejected at ${when(arrival.arrivedAt)}${under}, but the journal has no 429 for it.`;
        return note('rejection_not_journalled', message, { place, sequence });
      }),
      ...arrivedOutside(place, pairs),
      ...foreignCalls(place, foreign),
      ...neverArrived(place, missing),
    ],
    seenOf: seenUpstream({ place, rules }, { pairs, unmatched }),
  };
}

/** Calls that should have arrived within the log's time span and did not. */
function missingOf(
  sent: readonly StartedCall[],
  pairs: Matching['pairs'],
  { from, to }: LoggedTime,
): StartedCall[] {
  const seen = new Set(pairs.map(({ call }) => call));
  return sent.filter(
    (call) =>
      call.judged && !seen.has(call) && call.startedAt >= from && arrivesBy(call) + clockSlackMs <= to,
  );
}

function seenUpstream(
  { place, rules }: Pick<BudgetHistory, 'place' | 'rules'>,
  { pairs, unmatched }: Matching,
) {
  const arrivalOf = new Map(pairs.map(({ arrival, call }) => [call, arrival]));
  return (call: StartedCall): SeenUpstream | undefined => {
    const arrival = arrivalOf.get(call);
    const enforced = arrival?.policies[place.endpoint];
    if (!arrival || !enforced) return undefined;
    const { arrivedAt } = arrival;
    const foreign = unmatched.filter(
      (each) => each.arrivedAt <= arrivedAt && sharesWindow(rules, enforced, each.arrivedAt, arrivedAt),
    );
    return { enforced, foreign: foreign.length };
  };
}

type Pairs = Matching['pairs'];

/** Whether an arrival counts in the window of a later one at `at`, by upstream's own clock. */
const sharesWindow = ({ resets }: BudgetRules, { windowMs }: Policy, earlier: number, at: number): boolean =>
  resets === 'aligned' ? earlier >= alignedStart(at, windowMs) : earlier > at - windowMs;

/** The fullest window by actual arrivals, and the calls that exceeded their policy. */
function fullestByArrival(
  rules: BudgetRules,
  pairs: Pairs,
): { fullest: Fullest | null; overFull: readonly StartedCall[] } {
  const inOrder = pairs.toSorted((a, b) => a.arrival.arrivedAt - b.arrival.arrivedAt);
  const overFull: StartedCall[] = [];
  let fullest: Fullest | null = null;
  for (const [index, { arrival, call }] of inOrder.entries()) {
    if (!call.judged) continue;
    const { limit } = call.policy;
    const from = firstWhere(inOrder.length, (at) =>
      sharesWindow(rules, call.policy, inOrder[at]?.arrival.arrivedAt ?? Infinity, arrival.arrivedAt),
    );
    let filled = index - from + 1;
    // For a probe at the time that upstream named, only calls since the policy became stricter count.
    if (filled > limit && call.invited) {
      filled = inOrder.slice(from, index + 1).filter((each) => each.call.order >= call.strictFrom).length;
    }
    if (filled > limit) overFull.push(call);
    fullest = fuller(fullest, { calls: filled, limit, at: arrival.arrivedAt });
  }
  return { fullest, overFull };
}

function arrivedOutside(place: BudgetPlace, pairs: Pairs): Finding[] {
  const outside = pairs
    .map(({ arrival: { arrivedAt }, call }) =>
      Math.max(call.startedAt - arrivedAt, arrivedAt - arrivesBy(call)),
    )
    .filter((by) => by > 0);
  if (outside.length === 0) return [];
  const most = howLong(outside.reduce((a, b) => Math.max(a, b), 0));
  const message = `${count(outside.length, 'call')} arrived outside the interval in the journal, by at most ${most}: the two clocks differ.`;
  return [note('arrived_outside_interval', message, { place })];
}

function foreignCalls(place: BudgetPlace, unmatched: readonly LoggedArrival[]): Finding[] {
  if (unmatched.length === 0) return [];
  const times = listed(unmatched.map(({ arrivedAt }) => when(arrivedAt)));
  const message = `${count(unmatched.length, 'arrival')} without a started call, at ${times}: another client uses the same key or called without a permit.`;
  return [note('foreign_calls', message, { place })];
}

function neverArrived(place: BudgetPlace, missing: readonly StartedCall[]): Finding[] {
  if (missing.length === 0) return [];
  const answered = missing.filter(({ outcome }) => outcome?.result === 'answered').length;
  const but = answered > 0 ? `, but ${answered} of them were settled as answered` : '';
  const message = `${count(missing.length, 'started call')} never arrived${but}: ${listed(missing.map(({ permit }) => permit))}.`;
  return [note('never_arrived', message, { place })];
}
