import type { FactOf, Policy } from '@paceline/shared/contracts';
import { type ViolationKind, violation, type Finding, type BudgetPlace, note, when } from './findings.ts';
import {
  type BudgetHistory,
  type StartedCall,
  freshBudget,
  type Rules,
  type AuditedSpan,
} from './history.ts';

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

/** The budget of a fact; a new one starts with the documented policy. */
export function budgetOf({ budgets, rules }: LedgerState, { account, endpoint }: BudgetPlace): BudgetHistory {
  const key = `${account}/${endpoint}`;
  const budget = budgets.get(key) ?? freshBudget({ account, endpoint }, rules);
  budgets.set(key, budget);
  return budget;
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
  policy: Policy,
  at: number,
) => end !== 'returned' && arrivesBy + policy.windowMs > at;

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
  const longest = Math.max(...Object.values(rules.documented).map(({ windowMs }) => windowMs));
  if (lostAt !== undefined && lostAt + longest > now) return true;
  return [...budgets.values()].some(
    ({ calls, policy, pausedUntil }) =>
      pausedUntil.upstream > now ||
      pausedUntil.operator > now ||
      calls.some((call) => call.timeline === timeline && isCounted(call, policy, now)),
  );
}
