import { count } from '@paceline/shared/words';
import { type Finding, violation, when } from './findings.ts';
import type { BudgetHistory, StartedCall } from './history.ts';
import { alignedStart, clockMargin, countedAfter } from './rules.ts';
import { byTimeline, RankedCounter } from './windows.ts';

/**
 * Checks that no unforced call was started while the calls in its window were ahead of the share that had passed.
 *
 * A permit is granted up to `startWithin` before its call starts, and the journal has starts only. Of the unforced calls
 * started by `at`, the one granted last found the others granted before, and every forced call started before
 * `at - startWithin`: so these were all within the share then, which was not larger than at `at`. After a boundary a call
 * may have been granted in the span before, so calls of the first `startWithin` are counted but not judged.
 */
export function judgePace(
  budget: BudgetHistory,
  forcedLanes: ReadonlySet<string>,
  startWithin: number,
): Finding[] {
  if (!budget.rules.paced) return [];
  const findings: Finding[] = [];
  for (const calls of byTimeline(budget.calls)) {
    const counter = new RankedCounter(calls.map(({ arrivesBy }) => arrivesBy));
    const forced = calls.filter(({ lane }) => forcedLanes.has(lane));
    let next = 0;
    for (const call of calls.filter(({ lane }) => !forcedLanes.has(lane))) {
      counter.add(call.arrivesBy);
      for (
        let each = forced[next];
        each && each.startedAt < call.startedAt - startWithin;
        each = forced[next]
      ) {
        counter.add(each.arrivesBy);
        next += 1;
      }
      const finding = judgeStart(budget, call, counter, startWithin);
      if (finding) findings.push(finding);
    }
  }
  return findings;
}

function judgeStart(
  { place, rules }: BudgetHistory,
  { permit, policy, startedAt, sequence, judged }: StartedCall,
  counter: RankedCounter,
  startWithin: number,
): Finding | undefined {
  const span = alignedStart(startedAt - clockMargin, policy.windowMs);
  if (!judged || startedAt < span + clockMargin + startWithin) return undefined;
  const counted = counter.above(countedAfter(rules, policy, startedAt));
  const share = Math.min(1, (startedAt - span) / policy.windowMs);
  const whole = Math.max(1, policy.limit - rules.reserve);
  // A hundredth of the window's calls may go ahead.
  const allowed = Math.min(whole, Math.floor(whole * share) + Math.ceil(whole / 100));
  if (counted <= allowed) return undefined;
  const message = `${permit} was started at ${when(startedAt)} as call ${counted} in its window, which allows ${count(allowed, 'call')} when ${(100 * share).toFixed(1)} % of it have passed.`;
  return violation('ahead_of_pace', message, { place, sequence });
}
