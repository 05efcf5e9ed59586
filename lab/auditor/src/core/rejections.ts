import type { Attribution, Policy } from '@paceline/shared/contracts';
import { count, rate } from '@paceline/shared/words';
import { type Finding, howLong, remark, when } from './findings.ts';
import type { BudgetHistory, StartedCall, Rejection } from './history.ts';

/** What upstream itself knows of a 429, where its log can be read. */
export interface SeenUpstream {
  /** The policy that upstream enforced. */
  readonly enforced: Policy;
  /** Calls of nobody we know that arrived within one of its windows before. */
  readonly foreign: number;
}

const because: Record<Attribution, string> = {
  ours: 'our own calls filled the window',
  policy_changed: 'upstream enforces a stricter policy than the one that was kept',
  unreported_permit: 'a call whose end was never heard of may have come later than assumed',
  foreign_caller: 'somebody else uses the same key',
};

/** Explains every 429, by numbers that are counted here anew. `seenOf` tells what upstream knows of a call. */
export function explainRejections(
  { place, calls, rejections }: BudgetHistory,
  seenOf: (call: StartedCall) => SeenUpstream | undefined,
): Finding[] {
  return rejections.flatMap((rejection) => {
    const { permit, sequence, at, kept, attribution, call } = rejection;
    const where = { place, sequence };
    if (!call) {
      const says = `${permit} was answered 429 (heard of at ${when(at)}). It was started before the journal begins, so what was in its window is not known. ${namedBy(rejection)}`;
      return [remark('rejected', says, where)];
    }
    const others = mostBeside(calls, call, kept);
    const seen = seenOf(call);
    const says = `${permit}, started at ${when(call.startedAt)}, was answered 429. ${rate(kept)} was kept, and ${others} of our other calls could have been in its window. ${namedBy(rejection)}${seen ? `${seenBy(seen)} ` : ''}So ${because[attribution]} (${attribution}).`;
    const explained = remark('rejected', says, where);
    const isOurs = others >= kept.limit;
    if (isOurs === (attribution === 'ours')) return [explained];
    const otherwise = `${permit}: the journal says ${attribution}, the numbers say ${isOurs ? 'ours' : 'that it was not ours'}: ${count(others, 'other call')} of ours beside a policy of ${rate(kept)}.`;
    return [explained, remark('attributed_otherwise', otherwise, where)];
  });
}

function namedBy({ call, closedUntil, named }: Rejection): string {
  const { learned, retryAfterMs } = call?.outcome ?? {};
  const policy = learned ?? named;
  const said = [
    ...(policy ? [rate(policy)] : []),
    ...(retryAfterMs === undefined ? [] : [`${howLong(retryAfterMs)} to stay away`]),
  ];
  const closed = closedUntil === undefined ? '' : `; the budget closed until ${when(closedUntil)}`;
  return `Upstream named ${said.length > 0 ? said.join(' and ') : 'nothing'}${closed}. `;
}

const seenBy = ({ enforced, foreign }: SeenUpstream): string =>
  `Upstream enforced ${rate(enforced)}, and ${count(foreign, 'foreign call')} arrived in its window.`;

/** The most other calls that can have arrived within one window that ends when the call arrived, whenever that was. */
function mostBeside(calls: readonly StartedCall[], call: StartedCall, { windowMs }: Policy): number {
  const others = calls.filter(
    (each) => each !== call && each.end !== 'returned' && each.timeline === call.timeline,
  );
  const near = others.filter(
    ({ startedAt, arrivesBy }) => startedAt <= call.arrivesBy && arrivesBy + windowMs > call.startedAt,
  );
  const ends = near.map(({ startedAt }) => startedAt).filter((at) => at > call.startedAt);
  const within = (end: number) =>
    near.filter(({ startedAt, arrivesBy }) => startedAt <= end && arrivesBy + windowMs > end).length;
  return Math.max(...[call.startedAt, ...ends].map(within));
}
