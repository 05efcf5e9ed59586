import type { FactOf, Policy } from '@paceline/shared/contracts';
import { type ViolationKind, violation, type Finding, type BudgetPlace, note, when } from './findings.ts';
import { type BudgetHistory, type StartedCall, freshBudget, type AuditedSpan } from './history.ts';
import { countedAfter, type Rules, upstreamRules } from './rules.ts';

/** State of the ledger, rebuilt entry by entry. */
export class LedgerState {
  readonly rules: Rules;
  /** Older entries have been purged. */
  readonly trimmed: boolean;
  readonly budgets = new Map<string, BudgetHistory>();
  readonly findings: Finding[] = [];
  readonly spans: AuditedSpan[] = [];
  readonly claims = new Set<number>();
  /** The claim in force, which is the epoch of every permit that can be started; unknown until seen. */
  claim: number | undefined;
  /** The current entry. */
  sequence = 0;
  /** Ledger time, and its lag behind project time when the entry was stored, ms; 0 if unknown. */
  now = 0;
  lag = 0;
  timeline = 0;
  /** Everything that still counts is known. Until then nothing is reported as a violation. */
  complete: boolean;
  lostAt: number | undefined;
  /** The first entry after the last gap: starts under earlier claims may have been in it. */
  gapBefore = 0;

  constructor(rules: Rules, trimmed: boolean) {
    this.rules = rules;
    this.trimmed = trimmed;
    this.complete = !trimmed;
  }
}

/** Not while the owner claimed before a gap: it knows what was in it. The next owner knows what the auditor knows. */
export const canJudge = ({ complete, gapBefore, claim = 0 }: LedgerState): boolean =>
  complete && gapBefore <= claim;

export function addViolation(
  state: LedgerState,
  kind: ViolationKind,
  message: string,
  place?: BudgetPlace,
): void {
  const { sequence } = state;
  if (canJudge(state)) state.findings.push(violation(kind, message, { sequence, ...(place && { place }) }));
}

/** The budget that a fact names; a new one starts with the documented policy. */
export function budgetOf(state: LedgerState, { account, endpoint }: BudgetPlace): BudgetHistory | undefined {
  const { budgets, rules } = state;
  const key = `${account}/${endpoint}`;
  const known = budgets.get(key);
  if (known) return known;
  const budgetRules = upstreamRules(rules, account).budgets[endpoint];
  if (!budgetRules) {
    addViolation(state, 'unknown_name', `No budget is named ${endpoint}.`, { account, endpoint });
    return undefined;
  }
  const budget = freshBudget({ account, endpoint }, budgetRules);
  budgets.set(key, budget);
  return budget;
}

/** Every budget in which the calls of the endpoint that a fact names count. */
export function budgetsOf(state: LedgerState, { account, endpoint }: BudgetPlace): BudgetHistory[] {
  const rules = upstreamRules(state.rules, account).endpoints[endpoint];
  if (!rules) {
    addViolation(state, 'unknown_name', `No endpoint is named ${endpoint}.`, { account, endpoint });
    return [];
  }
  return rules.budgets
    .map((budget) => budgetOf(state, { account, endpoint: budget }))
    .filter((budget) => budget !== undefined);
}

/** Adds a started call to its budget. @param known overrides of the defaults */
export function bookCall(
  state: LedgerState,
  budget: BudgetHistory,
  { permit, lane, startedAt, arrivesBy }: Interval,
  known: Partial<StartedCall>,
): void {
  const call: StartedCall = {
    permit,
    lane,
    endpoint: undefined,
    startedAt,
    arrivesBy,
    lag: state.lag,
    end: 'open',
    outcome: undefined,
    sequence: state.sequence,
    order: budget.calls.length,
    timeline: state.timeline,
    policy: budget.policy,
    strictFrom: budget.strictFrom,
    invited: budget.probing,
    judged: canJudge(state),
    requestedAt: undefined,
    firstEstimate: undefined,
    ...known,
  };
  budget.calls.push(call);
  budget.byPermit.set(permit, call);
}

type Interval = FactOf<'started'>['interval'];

/** A permit's id starts with the epoch of its claim. */
export const epochOf = (permit: string): number => Number(/^(\d+)-/.exec(permit)?.[1] ?? Number.NaN);

/** Whether a permit may have been started in a purged or lost part of the journal. */
export const mayPredateJournal = (
  { claims, trimmed, lostAt, gapBefore }: LedgerState,
  permit: string,
): boolean =>
  ((trimmed || lostAt !== undefined) && !claims.has(epochOf(permit))) || epochOf(permit) < gapBefore;

export const isSamePolicy = (one: Policy, other: Policy): boolean =>
  one.limit === other.limit && one.windowMs === other.windowMs;

export const isCounted = (
  { arrivesBy, end }: { arrivesBy: number; end: string },
  { rules, policy }: Pick<BudgetHistory, 'rules' | 'policy'>,
  at: number,
): boolean => end !== 'returned' && arrivesBy > countedAfter(rules, policy, at);

/** Advances ledger time. It can go back only at a claim, when no call counts and no pause lasts any longer. */
export function advanceTo(state: LedgerState, at: number, atClaim: boolean): void {
  if (at < state.now) {
    const back = `time went back from ${when(state.now)} to ${when(at)}`;
    if (!atClaim) {
      addViolation(state, 'time_went_back', `Under one owner ${back}.`);
      return;
    }
    if (anythingCounts(state)) {
      addViolation(state, 'time_went_back', `At a claim ${back} while calls still counted.`);
      return;
    }
    state.timeline += 1;
    for (const { pausedUntil } of state.budgets.values()) {
      pausedUntil.upstream = 0;
      pausedUntil.operator = 0;
    }
    state.lostAt = undefined;
    const message = `The broker's clock was set: ${back}, when no call counted any longer. Later entries are audited separately.`;
    state.findings.push(note('clock_set_back', message, { sequence: state.sequence }));
  }
  state.now = at;
  if (!state.complete) return;
  const span = state.spans.at(-1);
  if (span?.timeline === state.timeline) span.to = at;
  else state.spans.push({ timeline: state.timeline, from: at, to: at });
}

function anythingCounts({ budgets, now, timeline, lostAt, rules }: LedgerState): boolean {
  const documented = Object.values(rules.upstreams).flatMap((each) => Object.values(each.budgets));
  if (lostAt !== undefined && documented.some((each) => lostAt > countedAfter(each, each.documented, now)))
    return true;
  return [...budgets.values()].some(
    (budget) =>
      budget.pausedUntil.upstream > now ||
      budget.pausedUntil.operator > now ||
      budget.calls.some((call) => call.timeline === timeline && isCounted(call, budget, now)),
  );
}
