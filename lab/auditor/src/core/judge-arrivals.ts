import type { Arrival, Watched } from './arrivals.ts';
import {
  arrivedBeside,
  arrivedOverFull,
  foreignCallers,
  neverArrived,
  rejectedUnheard,
  returnedArrived,
} from './arrival-findings.ts';
import type { Finding } from './finding.ts';
import { fullestByArrival } from './fullest-arrivals.ts';
import type { BudgetHistory, Call } from './history.ts';
import { arrivesBy, clockSlackMs, match, type Matching } from './match.ts';
import type { SeenUpstream } from './rejections.ts';
import type { Fullest } from './windows.ts';

/** What arrived upstream on one budget of one account, beside what the journal says was started. */
export interface ArrivalFigures {
  readonly arrived: number;
  readonly rejected: number;
  /** Arrivals that no started call explains. */
  readonly foreign: number;
  /** The permits of the calls that were started and never seen. */
  readonly neverArrived: readonly string[];
  /** The fullest window of ours by when calls did arrive. */
  readonly fullest: Fullest | null;
}

export interface ArrivalsJudgement {
  readonly figures: ArrivalFigures;
  readonly findings: readonly Finding[];
  /** What upstream knows of a call, when it arrived. */
  seenOf(call: Call): SeenUpstream | undefined;
}

/**
 * @param arrivals of this budget and account, oldest first
 * @param watched the time of which the whole log tells
 */
export function judgeArrivals(
  { place, calls, rejections }: BudgetHistory,
  arrivals: readonly Arrival[],
  watched: Watched,
): ArrivalsJudgement {
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
      foreign: foreign.length,
      neverArrived: missing.map(({ permit }) => permit),
      fullest,
    },
    findings: [
      ...overFull.map((call) => arrivedOverFull(place, call)),
      ...returned.map((pair) => returnedArrived(place, pair)),
      ...unheard.map((pair) => rejectedUnheard(place, pair)),
      ...arrivedBeside(place, pairs),
      ...foreignCallers(place, foreign),
      ...neverArrived(place, missing),
    ],
    seenOf: seenUpstream({ pairs, alone }),
  };
}

/** The calls that must have arrived while the log was kept, and did not. */
function missingOf(sent: readonly Call[], pairs: Matching['pairs'], { from, to }: Watched): Call[] {
  const seen = new Set(pairs.map(({ call }) => call));
  return sent.filter(
    (call) =>
      call.judged && !seen.has(call) && call.startedAt >= from && arrivesBy(call) + clockSlackMs <= to,
  );
}

function seenUpstream({ pairs, alone }: Matching): ArrivalsJudgement['seenOf'] {
  const arrivalOf = new Map(pairs.map(({ arrival, call }) => [call, arrival]));
  return (call) => {
    const arrival = arrivalOf.get(call);
    if (!arrival?.policy) return undefined;
    const { arrivedAt, policy: enforced } = arrival;
    const foreign = alone.filter(
      (each) => each.arrivedAt <= arrivedAt && each.arrivedAt > arrivedAt - enforced.windowMs,
    );
    return { enforced, foreign: foreign.length };
  };
}
