import type { BudgetRecord, Interval, JournalEntry } from '@paceline/shared/contracts';
import { violation } from './findings.ts';
import type { BudgetHistory } from './history.ts';
import {
  addViolation,
  bookCall,
  canJudge,
  budgetOf,
  isCounted,
  mayPredateJournal,
  isSamePolicy,
  type LedgerState,
} from './ledger-state.ts';
import { countedAfter, upstreamRules } from './rules.ts';

type Snapshot = Extract<JournalEntry, { entry: 'snapshot' }>;

/** In a journal that lacks entries a snapshot is the starting point; any other must agree with the facts. */
export function applySnapshot(state: LedgerState, snapshot: Snapshot): void {
  const { budgets, at, lostAt } = snapshot;
  if (!state.complete) state.lostAt = lostAt ?? undefined;
  checkWhole(state, snapshot);
  for (const record of budgets) {
    const budget = budgetOf(state, record);
    if (!budget) continue;
    if (!canJudge(state)) {
      adoptRecord(state, budget, record);
      continue;
    }
    const what = differenceFrom(state, budget, record, at);
    const message = `The snapshot has ${what}.`;
    if (what) addViolation(state, 'snapshot_mismatch', message, budget.place);
  }
}

/** A call counts in all budgets of its endpoint or in none; a snapshot doesn't say which endpoint that is. */
function checkWhole(state: LedgerState, { budgets: records, at }: Snapshot): void {
  const known = new Map(
    records.map(({ account, endpoint, policy, intervals }) => [
      `${account}/${endpoint}`,
      { policy, permits: new Set(intervals.map(({ permit }) => permit)) },
    ]),
  );
  for (const { account, endpoint, intervals } of records) {
    const rules = upstreamRules(state.rules, account);
    const groups = Object.values(rules.endpoints).filter(({ budgets }) => budgets.includes(endpoint));
    const agrees = (name: string, { permit, arrivesBy }: Interval): boolean => {
      const record = known.get(`${account}/${name}`);
      const budget = rules.budgets[name];
      // Under a policy with a longer window, calls that had left the shorter one don't count again.
      if (!record || !budget || record.policy || record.permits.has(permit)) return true;
      return arrivesBy <= countedAfter(budget, budget.documented, at);
    };
    const partial = intervals.find(
      (interval) => !groups.some(({ budgets }) => budgets.every((name) => agrees(name, interval))),
    );
    if (!partial) continue;
    const message = `The snapshot has ${partial.permit} here, but not in every budget of an endpoint in which it still counts.`;
    const where = { sequence: state.sequence, place: { account, endpoint } };
    state.findings.push(violation('booked_in_part', message, where));
  }
}

/** Takes the record as the state of a budget with no known history. */
function adoptRecord(state: LedgerState, budget: BudgetHistory, record: BudgetRecord): void {
  budget.policy = record.policy ?? budget.rules.documented;
  budget.named = record.policy !== null;
  budget.floor = record.floor ?? budget.floor;
  budget.changes.push({ at: state.now, timeline: state.timeline, policy: budget.policy });
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
    bookCall(state, budget, interval, { end, strictFrom: 0, invited: false, judged: false });
  }
  // The record does not say which of these calls precede its policy.
  if (record.policy) budget.strictFrom = budget.calls.length;
}

/** How a record differs from the facts that still count at `at`; undefined if it doesn't. */
function differenceFrom(
  state: LedgerState,
  budget: BudgetHistory,
  record: BudgetRecord,
  at: number,
): string | undefined {
  const { calls, byPermit, rules, policy, named, floor, pausedUntil, strictFrom } = budget;
  const kept = record.policy ?? rules.documented;
  if ((record.policy !== null) !== named || !isSamePolicy(kept, policy)) return 'a different policy';
  for (const by of ['upstream', 'operator'] as const) {
    const [known, recorded] = [floor[by], record.floor?.[by] ?? null];
    if (record.floor && (known && recorded ? !isSamePolicy(known, recorded) : known !== recorded))
      return `a different floor by the ${by}`;
  }
  for (const by of ['upstream', 'operator'] as const) {
    const until = record.pausedUntil[by] ?? 0;
    if (until !== pausedUntil[by] && Math.max(until, pausedUntil[by]) > at)
      return `a different pause by the ${by}`;
  }
  for (const { permit, startedAt, arrivesBy } of record.intervals) {
    const call = byPermit.get(permit);
    if (!call && mayPredateJournal(state, permit)) continue;
    if (call?.startedAt !== startedAt || call.arrivesBy !== arrivesBy)
      return `a different interval for ${permit}`;
  }
  // A call that has left its window doesn't count again under a longer one: the limiter waits that out instead.
  const recorded = new Set(record.intervals.map(({ permit }) => permit));
  const missing = calls.find(
    (call) =>
      call.order >= strictFrom &&
      call.timeline === state.timeline &&
      isCounted(call, budget, at) &&
      !recorded.has(call.permit),
  );
  return missing && `no call ${missing.permit}`;
}
