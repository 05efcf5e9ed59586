import type { BudgetRecord, JournalEntry } from '@paceline/shared/contracts';
import type { BudgetHistory } from './history.ts';
import { blame, book, budgetOf, isCounted, isFromBefore, isSame, type Reading } from './reading.ts';

type Restated = Extract<JournalEntry, { entry: 'snapshot' }>;

/** Budgets are stated anew: the first word of them where the journal begins later, and else nothing new. */
export function readRestated(reading: Reading, { budgets, at, lostAt }: Restated): void {
  if (!reading.complete) reading.lostAt = lostAt ?? undefined;
  for (const record of budgets) {
    const budget = budgetOf(reading, record);
    if (!reading.complete) {
      takeOver(reading, budget, record);
      continue;
    }
    const what = differenceTo(reading, budget, record, at);
    const says = `It was stated anew with ${what} than the facts have it.`;
    if (what) blame(reading, 'restated_otherwise', says, budget.place);
  }
}

/** What a record says of a budget of whose past nothing else is known. */
function takeOver(reading: Reading, budget: BudgetHistory, record: BudgetRecord): void {
  const { timeline, rules } = reading;
  budget.policy = record.policy ?? rules.documented[record.endpoint];
  budget.named = record.policy !== null;
  budget.changes.push({ at: reading.now, timeline, policy: budget.policy });
  budget.pausedUntil.upstream = record.pausedUntil.upstream ?? 0;
  budget.pausedUntil.operator = record.pausedUntil.operator ?? 0;
  budget.probing = record.probing;
  for (const interval of record.intervals) {
    const known = budget.byPermit.get(interval.permit);
    if (known) {
      known.arrivesBy = interval.arrivesBy;
      if (interval.settled) known.end = 'settled';
      continue;
    }
    const end = interval.settled ? 'settled' : 'open';
    book(reading, budget, interval, { end, strictFrom: 0, invited: false, judged: false });
  }
  // Which of these calls were made before its policy was known is not told.
  if (record.policy) budget.strictFrom = budget.calls.length;
}

/** What a record has different from the facts, of all that still weighs at `at`. */
function differenceTo(
  reading: Reading,
  { calls, byPermit, policy, named, pausedUntil, strictFrom }: BudgetHistory,
  record: BudgetRecord,
  at: number,
): string | undefined {
  const kept = record.policy ?? reading.rules.documented[record.endpoint];
  if ((record.policy !== null) !== named || !isSame(kept, policy)) return 'another policy';
  for (const by of ['upstream', 'operator'] as const) {
    const until = record.pausedUntil[by] ?? 0;
    if (until !== pausedUntil[by] && Math.max(until, pausedUntil[by]) > at)
      return `another pause by the ${by}`;
  }
  for (const { permit, startedAt, arrivesBy } of record.intervals) {
    const call = byPermit.get(permit);
    if (!call && isFromBefore(reading, permit)) continue;
    if (call?.startedAt !== startedAt || call.arrivesBy !== arrivesBy) return `another interval of ${permit}`;
  }
  // A call that had left its window does not come back with a longer one: its limiter waits that out instead.
  const restated = new Set(record.intervals.map(({ permit }) => permit));
  const forgotten = calls.find(
    (call) =>
      call.order >= strictFrom &&
      call.timeline === reading.timeline &&
      isCounted(call, policy, at) &&
      !restated.has(call.permit),
  );
  return forgotten && `the call ${forgotten.permit} forgotten, other`;
}
