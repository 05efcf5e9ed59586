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
import { firstAbove, fuller, type Fullest } from './windows.ts';

/** Compares a budget's started calls with its arrivals (oldest first). @param watched time span of the log */
export function judgeArrivals(
  { place, calls, rejections }: BudgetHistory,
  arrivals: readonly LoggedArrival[],
  watched: LoggedTime,
) {
  const sent = calls.filter(({ end }) => end !== 'returned');
  const { pairs, unmatched } = match(sent, arrivals);
  const returnedCalls = calls.filter(({ end }) => end === 'returned');
  const { pairs: returned, unmatched: foreign } = match(returnedCalls, unmatched);
  const { fullest, overFull } = fullestByArrival(pairs);
  const rejected = pairs.filter(({ arrival }) => arrival.verdict === 'rejected');
  const journalled = new Set(rejections.map(({ permit }) => permit));
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
        const under = arrival.policy ? ` under ${rate(arrival.policy)}` : '';
        const message = `${permit} was rejected at ${when(arrival.arrivedAt)}${under}, but the journal has no 429 for it.`;
        return note('rejection_not_journalled', message, { place, sequence });
      }),
      ...arrivedOutside(place, pairs),
      ...foreignCalls(place, foreign),
      ...neverArrived(place, missing),
    ],
    seenOf: seenUpstream({ pairs, unmatched }),
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

function seenUpstream({ pairs, unmatched }: Matching) {
  const arrivalOf = new Map(pairs.map(({ arrival, call }) => [call, arrival]));
  return (call: StartedCall): SeenUpstream | undefined => {
    const arrival = arrivalOf.get(call);
    if (!arrival?.policy) return undefined;
    const { arrivedAt, policy: enforced } = arrival;
    const foreign = unmatched.filter(
      (each) => each.arrivedAt <= arrivedAt && each.arrivedAt > arrivedAt - enforced.windowMs,
    );
    return { enforced, foreign: foreign.length };
  };
}

type Pairs = Matching['pairs'];

/** The fullest window by actual arrivals, and the calls that exceeded their policy. */
function fullestByArrival(pairs: Pairs): { fullest: Fullest | null; overFull: readonly StartedCall[] } {
  const inOrder = pairs.toSorted((a, b) => a.arrival.arrivedAt - b.arrival.arrivedAt);
  const overFull: StartedCall[] = [];
  let fullest: Fullest | null = null;
  for (const [index, { arrival, call }] of inOrder.entries()) {
    if (!call.judged) continue;
    const { limit, windowMs } = call.policy;
    const bound = arrival.arrivedAt - windowMs;
    const from = firstAbove(inOrder.length, (at) => inOrder[at]?.arrival.arrivedAt, bound);
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
