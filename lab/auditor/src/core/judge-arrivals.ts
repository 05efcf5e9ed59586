import { count, rate } from '@paceline/shared/words';
import {
  type LoggedArrival,
  arrivesBy,
  clockSlackMs,
  match,
  type Matching,
  type Watched,
} from './arrivals.ts';
import { breach, type Finding, howLong, listed, type BudgetPlace, remark, when } from './findings.ts';
import type { BudgetHistory, StartedCall } from './history.ts';
import type { SeenUpstream } from './rejections.ts';
import { firstAbove, fuller, type Fullest } from './windows.ts';

/** Compares arrivals on one budget, oldest first, with its started calls. @param watched the time that the log covers */
export function judgeArrivals(
  { place, calls, rejections }: BudgetHistory,
  arrivals: readonly LoggedArrival[],
  watched: Watched,
) {
  const sent = calls.filter(({ end }) => end !== 'returned');
  const { pairs, alone } = match(sent, arrivals);
  const back = calls.filter(({ end }) => end === 'returned');
  const { pairs: returned, alone: foreign } = match(back, alone);
  const { fullest, overFull } = fullestByArrival(pairs);
  const rejected = pairs.filter(({ arrival }) => arrival.verdict === 'rejected');
  const heardOf = new Set(rejections.map(({ permit }) => permit));
  const unheard = rejected.filter(({ call }) => call.end !== 'open' && !heardOf.has(call.permit));
  const missing = missingOf(sent, pairs, watched);
  return {
    figures: {
      arrived: pairs.length,
      rejected: rejected.length,
      /** Arrivals that no started call explains. */
      foreign: foreign.length,
      /** The permits of the calls that were started and never seen. */
      neverArrived: missing.map(({ permit }) => permit),
      /** The fullest window of ours by when calls did arrive. */
      fullest,
    },
    findings: [
      // The sandbox's own clock says so.
      ...overFull.map(({ permit, policy, sequence }) => {
        const says = `${permit} arrived in a window that held more than ${rate(policy)}.`;
        return breach('arrived_over_full', says, { place, sequence });
      }),
      // Its limiter was told that it never left, and gave its place away.
      ...returned.map(({ call: { permit, sequence }, arrival }) => {
        const says = `${permit} was given back as never sent, but a call arrived at ${when(arrival.arrivedAt)}.`;
        return breach('returned_arrived', says, { place, sequence });
      }),
      ...unheard.map(({ call: { permit, sequence }, arrival }) => {
        const under = arrival.policy ? ` under ${rate(arrival.policy)}` : '';
        const says = `${permit} was rejected at ${when(arrival.arrivedAt)}${under}, and the journal never heard of it.`;
        return remark('rejected_unheard', says, { place, sequence });
      }),
      ...arrivedBeside(place, pairs),
      ...foreignCallers(place, foreign),
      ...neverArrived(place, missing),
    ],
    /** What upstream knows of a call, when it arrived. */
    seenOf: seenUpstream({ pairs, alone }),
  };
}

/** The calls that must have arrived while the log was kept, and did not. */
function missingOf(
  sent: readonly StartedCall[],
  pairs: Matching['pairs'],
  { from, to }: Watched,
): StartedCall[] {
  const seen = new Set(pairs.map(({ call }) => call));
  return sent.filter(
    (call) =>
      call.judged && !seen.has(call) && call.startedAt >= from && arrivesBy(call) + clockSlackMs <= to,
  );
}

function seenUpstream({ pairs, alone }: Matching) {
  const arrivalOf = new Map(pairs.map(({ arrival, call }) => [call, arrival]));
  return (call: StartedCall): SeenUpstream | undefined => {
    const arrival = arrivalOf.get(call);
    if (!arrival?.policy) return undefined;
    const { arrivedAt, policy: enforced } = arrival;
    const foreign = alone.filter(
      (each) => each.arrivedAt <= arrivedAt && each.arrivedAt > arrivedAt - enforced.windowMs,
    );
    return { enforced, foreign: foreign.length };
  };
}

type Pairs = Matching['pairs'];

/** The fullest window by when calls did arrive, and the calls with which one held more than its policy allows. */
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
    // Upstream had invited it: it is judged by what was called since the policy became stricter.
    if (filled > limit && call.invited) {
      filled = inOrder.slice(from, index + 1).filter((each) => each.call.order >= call.strictFrom).length;
    }
    if (filled > limit) overFull.push(call);
    fullest = fuller(fullest, { calls: filled, limit, at: arrival.arrivedAt });
  }
  return { fullest, overFull };
}

function arrivedBeside(place: BudgetPlace, pairs: Pairs): Finding[] {
  const beside = pairs
    .map(({ arrival: { arrivedAt }, call }) =>
      Math.max(call.startedAt - arrivedAt, arrivedAt - arrivesBy(call)),
    )
    .filter((by) => by > 0);
  if (beside.length === 0) return [];
  const most = howLong(beside.reduce((a, b) => Math.max(a, b), 0));
  const says = `${count(beside.length, 'call')} arrived beside the interval in the journal, by ${most} at the most: the two clocks differ.`;
  return [remark('arrived_beside_interval', says, { place })];
}

function foreignCallers(place: BudgetPlace, alone: readonly LoggedArrival[]): Finding[] {
  if (alone.length === 0) return [];
  const moments = listed(alone.map(({ arrivedAt }) => when(arrivedAt)));
  const says = `${count(alone.length, 'arrival')} without a started call, at ${moments}: somebody else uses the same key, or called without a permit.`;
  return [remark('foreign_callers', says, { place })];
}

function neverArrived(place: BudgetPlace, missing: readonly StartedCall[]): Finding[] {
  if (missing.length === 0) return [];
  const answered = missing.filter(({ outcome }) => outcome?.result === 'answered').length;
  const but = answered > 0 ? `, though ${answered} of them are settled as answered` : '';
  const says = `${count(missing.length, 'started call')} never arrived${but}: ${listed(missing.map(({ permit }) => permit))}.`;
  return [remark('never_arrived', says, { place })];
}
