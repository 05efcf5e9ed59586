import type { Attribution, Policy } from '@paceline/shared/contracts';
import { count, rate } from '@paceline/shared/words';
import { type Finding, howLong, note, when } from './findings.ts';
import type { BudgetHistory, StartedCall, Rejection } from './history.ts';
import { type BudgetRules, leavesAt } from './rules.ts';

/** What the sandbox's log shows about a 429. */
export interface SeenUpstream {
  readonly enforced: Policy;
  /** Foreign calls that arrived in the window before it. */
  readonly foreign: number;
}

const causes: Record<Attribution, string> = {
  ours: 'our own calls filled the window',
  operator_limit: 'an operator had set a looser limit than upstream enforces',
  policy_changed: 'upstream enforces a stricter policy than the limiter kept',
  unreported_permit: 'a call that was never settled may have arrived later than assumed',
  foreign_caller: 'another client uses the same key',
};

/** Explains every 429 from its own count, independent of the limiter's. @param seenOf what upstream logged for a call */
export function explainRejections(
  { place, rules, calls, rejections }: BudgetHistory,
  seenOf: (call: StartedCall) => SeenUpstream | undefined,
): Finding[] {
  return rejections.flatMap((rejection) => {
    const { permit, sequence, at, kept, attribution, call } = rejection;
    const where = { place, sequence };
    if (!call) {
      const message = `${permit} got a 429 (recorded at ${when(at)}). It was started before the journal starts, so the calls in its window are unknown. ${reportedBy(rejection)}`;
      return [note('rejected', message, where)];
    }
    const others = mostInWindow(rules, calls, call, kept);
    const seen = seenOf(call);
    const message = `${permit}, started at ${when(call.startedAt)}, got a 429. The limiter kept ${rate(kept)}, and ${others} of our other calls could have been in the window. ${reportedBy(rejection)}${seen ? `${loggedBy(seen)} ` : ''}Cause: ${causes[attribution]} (${attribution}).`;
    return [note('rejected', message, where)];
  });
}

/** Checks whom each 429 was attributed to. One that is booked on several budgets is ours if any of them was full. */
export function checkAttributions(budgets: readonly BudgetHistory[]): Finding[] {
  const counted = budgets.flatMap(({ place, rules, calls, rejections }) =>
    rejections.flatMap(({ call, ...rejection }) =>
      call ? [{ ...rejection, place, others: mostInWindow(rules, calls, call, rejection.kept) }] : [],
    ),
  );
  return [...Map.groupBy(counted, ({ permit }) => permit)].flatMap(([permit, its]) => {
    const fullest = its.reduce((a, b) => (b.others / b.kept.limit > a.others / a.kept.limit ? b : a));
    const { attribution, others, kept, place, sequence } = fullest;
    const isOurs = others >= kept.limit;
    if (isOurs === (attribution === 'ours')) return [];
    const message = `${permit}: the journal says ${attribution}, the count says ${isOurs ? 'ours' : 'not ours'} (${count(others, 'other call')} of ours in the window, policy ${rate(kept)}).`;
    return [note('attribution_mismatch', message, { place, sequence })];
  });
}

function reportedBy({ call, closedUntil, named }: Rejection): string {
  const { learned, retryAfterMs } = call?.outcome ?? {};
  const policy = learned ?? named;
  const reported = [
    ...(policy ? [rate(policy)] : []),
    ...(retryAfterMs === undefined ? [] : [`retry after ${howLong(retryAfterMs)}`]),
  ];
  const closed = closedUntil === undefined ? '' : `; the budget was paused until ${when(closedUntil)}`;
  return `Upstream reported ${reported.length > 0 ? reported.join(', ') : 'no details'}${closed}. `;
}

const loggedBy = ({ enforced, foreign }: SeenUpstream): string =>
  `Upstream enforced ${rate(enforced)}, and ${count(foreign, 'foreign call')} arrived in the window.`;

/** The most other calls that can have arrived in one window with this call, over its interval. */
function mostInWindow(
  rules: BudgetRules,
  calls: readonly StartedCall[],
  call: StartedCall,
  policy: Policy,
): number {
  const others = calls.filter(
    (each) => each !== call && each.end !== 'returned' && each.timeline === call.timeline,
  );
  // The window ends with this call's arrival: at its start, or at the start of another call that it may have followed.
  const ends = [call, ...others]
    .map(({ startedAt }) => startedAt)
    .filter((at) => at >= call.startedAt && at <= call.arrivesBy);
  const within = (end: number) =>
    others.filter(({ startedAt, arrivesBy }) => startedAt <= end && leavesAt(rules, policy, arrivesBy) > end)
      .length;
  return Math.max(...ends.map(within));
}
