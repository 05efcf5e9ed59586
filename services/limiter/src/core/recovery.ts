import type { BudgetRecord, Fact, JournalEntry } from '@paceline/shared/contracts';
import { policyOf, restoreBudget } from './budget.ts';
import { evolve } from './evolve.ts';
import {
  budgetOf,
  createLedger,
  endpointOf,
  type Ledger,
  longestWindow,
  lossCountsUntil,
  maxArrivalDelay,
} from './ledger.ts';
import { callOf } from './pool.ts';
import type { LimiterSettings } from './settings.ts';
import { countCalls, countedCalls, isPaused, leavesAt } from './window.ts';
import type { BudgetState } from './state.ts';

/** What an owner already knows when it reads the journal. */
export interface RecoveryContext {
  /** Whether this owner has claimed the partition before: then the last claim must still be its own. */
  readonly claimed: boolean;
  /** The latest epoch seen in a permit: a shorter journal has lost entries. */
  readonly latestEpochSeen: number;
}

/** The entries to recover from, oldest first, and when the broker stored the last one (project ms by its clock). */
export interface JournalContent {
  readonly entries: readonly JournalEntry[];
  readonly lastStoredAt: number;
}

/** Whether another owner has claimed the partition since this one did. */
export const isClaimedByOther = (
  entries: readonly JournalEntry[],
  owner: string,
  { claimed }: RecoveryContext,
): boolean => claimed && lastOwner(entries) !== owner;

function lastOwner(entries: readonly JournalEntry[]): string | undefined {
  const owners = entries.flatMap((entry) => {
    if (entry.entry === 'snapshot') return [entry.owner];
    return entry.facts.flatMap((fact) => (fact.fact === 'claimed' ? [fact.owner] : []));
  });
  return owners.at(-1);
}

/** An entry that recovery needs, with the sequences of the entry and of the message before it, if that was read. */
export interface StoredEntry {
  readonly sequence: number;
  readonly after: number | undefined;
  readonly entry: JournalEntry;
}

/** Whether the broker has lost entries between others, and no owner has counted that as a loss yet. */
export function hasGap(needed: readonly StoredEntry[], recoverFrom: number): boolean {
  const counted = needed.findLastIndex(({ entry }) => isLossOf(entry));
  if (counted === -1 && recoverFrom > 0 && needed[0]?.sequence !== recoverFrom) return true;
  return needed.some(
    ({ after, entry: { previous } }, index) =>
      index > counted &&
      previous !== undefined &&
      !(index === 0 && recoverFrom > 0) &&
      previous !== (after ?? 0),
  );
}

const isLossOf = (entry: JournalEntry): boolean =>
  entry.entry === 'facts' && entry.facts.some(({ fact }) => fact === 'journal_lost');

/** The ledger's time (project ms) when the broker's clock shows `brokerNow`. */
export function ledgerTime(
  { entries, lastStoredAt }: JournalContent,
  brokerNow: number,
  settings: LimiterSettings,
): number {
  const last = entries.at(-1);
  return timeAtTakeover({
    brokerNow,
    last: last && { at: timeOf(last), storedAt: lastStoredAt },
    hasActiveState: (at) => hasActiveState(restore(entries, 0, settings), at),
  });
}

/** A call as Postgres has recorded it. Ages in project ms, by Postgres's own clock. */
export interface RecordedCall {
  readonly account: string;
  readonly endpoint: string;
  readonly permit: string;
  readonly lane: string;
  /** Since the record was written, just before the call was sent. */
  readonly age: number;
  /** Since its outcome was recorded; null: it was not. */
  readonly endedAge: number | null;
  readonly status: number | null;
}

/** What a new owner of a partition has found. Times in project ms. */
export interface Findings {
  readonly owner: string;
  /** The ledger's time. */
  readonly at: number;
  /** Whether entries are missing: the journal is shorter than it was, or has gaps. */
  readonly isLost: boolean;
  /** The calls that Postgres has a record of. */
  readonly calls: readonly RecordedCall[];
}

/**
 * The facts with which an owner takes a ledger over, which has them already. If the journal has lost entries, every budget
 * counts as spent for one window; else a call that Postgres has a record of, and the journal not, counts again.
 */
export function takeOver(ledger: Ledger, { owner, at, isLost, calls }: Findings): Fact[] {
  const facts: Fact[] = isLost ? [{ fact: 'journal_lost', at }] : [];
  facts.push({ fact: 'claimed', owner, at });
  if (!isLost) facts.push(...calls.flatMap((call) => restoreCall(ledger, call, at)));
  for (const fact of facts) evolve(ledger, fact);
  ledger.stats.clear();
  return facts;
}

/** Facts for a recorded call that the ledger doesn't know although it can still count; none for any other. */
function restoreCall(ledger: Ledger, call: RecordedCall, at: number): Fact[] {
  const { account, permit, lane, age, endedAge, status } = call;
  const endpoint = endpointOf(ledger, account, call.endpoint);
  if (!endpoint || callOf(endpoint, permit)) return [];
  const { settings } = ledger;
  const startedAt = Math.floor(at - age);
  const latest = startedAt + maxArrivalDelay(endpoint.definition, settings);
  // As when it is settled: without an answer it may still arrive for a while.
  const ended = endedAge === null ? Infinity : at - endedAge + (status === null ? settings.guard : 0);
  const arrivesBy = Math.ceil(Math.min(latest, ended));
  if (!endpoint.budgets.some((budget) => isMissing(budget, arrivesBy, at))) return [];
  // Not settled: its client may still report what the answer taught.
  const interval = { permit, lane, startedAt, arrivesBy, settled: false, restored: true as const };
  const restored: Fact = { fact: 'call_restored', account, endpoint: endpoint.name, interval, at };
  if (status !== 429) return [restored];
  // Its pause may be lost with it: upstream accepts calls again after a window at the latest.
  const pauses = endpoint.budgets.map((budget): Fact => {
    const until = arrivesBy + policyOf(budget).windowMs;
    return {
      fact: 'paused',
      account,
      endpoint: budget.record.endpoint,
      by: 'upstream',
      at,
      until,
      consecutiveRejections: 1,
    };
  });
  return [restored, ...pauses];
}

/** Whether a call that may arrive until then counts in a budget, and its absence would allow another one. */
function isMissing(budget: BudgetState, arrivesBy: number, at: number): boolean {
  const leaves = leavesAt(budget, arrivesBy);
  // A change of policy forgets calls that its unknown time covers.
  const { probing, unknownUntil } = budget.record;
  return leaves > at && (probing || leaves > (unknownUntil ?? 0));
}

/** Whether facts change what limits calls besides other calls: nothing but the journal has them. */
export const changesLimits = (facts: readonly Fact[]): boolean =>
  facts.some(({ fact }) => /^(rejected|foreign_booked|paused|resumed|policy_changed)$/.test(fact));

/** The longest time from a call's record to when it no longer counts in any budget of the ledger, project ms. */
export function longestCount({ settings, pools }: Ledger): number {
  const documented = Object.values(settings.upstreams).flatMap(({ budgets }) => Object.values(budgets));
  const kept = [...pools.values()].flatMap(({ budgets }) => budgets);
  const windows = [
    ...documented.map((budget) => longestWindow(budget, budget.policy.windowMs, settings)),
    ...kept.map((budget) => longestWindow(budget.definition, policyOf(budget).windowMs, settings)),
  ];
  return Math.max(...windows) + Math.max(...documented.map((budget) => maxArrivalDelay(budget, settings)));
}

/** Times known at a takeover, in project ms. */
export interface Takeover {
  readonly brokerNow: number;
  /** The last entry: its ledger time, and the broker's time when it was stored. Undefined for an empty journal. */
  readonly last: { readonly at: number; readonly storedAt: number } | undefined;
  /** Whether a call still counts or a pause lasts at a ledger time. */
  readonly hasActiveState: (at: number) => boolean;
}

/**
 * The ledger's time when a new owner takes over: the broker's, unless a window depends on it. Then only the time since
 * the last entry has passed, however the broker's clock was set while the old owner used its own monotonic clock:
 * clock changes never shorten a window, not even many small ones.
 */
export function timeAtTakeover({ brokerNow, last, hasActiveState: isActiveAt }: Takeover): number {
  if (!last) return brokerNow;
  const passed = Math.max(0, brokerNow - last.storedAt);
  const steady = last.at + passed;
  return isActiveAt(steady) ? steady : brokerNow;
}

/** The ledger time of an entry. */
export function timeOf(entry: JournalEntry): number {
  return entry.entry === 'snapshot' ? entry.at : Math.max(...entry.facts.map(timeOfFact));
}

const timeOfFact = (fact: Fact): number => (fact.fact === 'started' ? fact.interval.startedAt : fact.at);

/**
 * Rebuilds the ledger from journal entries.
 * @param epoch marks the permits granted from it
 * @param quietUntil nothing is granted before, project ms
 */
export function restore(
  entries: readonly JournalEntry[],
  epoch: number,
  settings: LimiterSettings,
  quietUntil = 0,
): Ledger {
  const ledger = createLedger(epoch, settings, quietUntil);
  for (const entry of entries) {
    if (entry.entry === 'facts') {
      for (const fact of entry.facts) evolve(ledger, fact);
      continue;
    }
    ledger.lostAt = entry.lostAt;
    for (const record of entry.budgets) {
      const budget = budgetOf(ledger, record.account, record.endpoint);
      if (budget) restoreBudget(budget, record);
    }
  }
  // Statistics cover the time since this limiter took over.
  ledger.stats.clear();
  return ledger;
}

/** Budgets plus calls per snapshot entry: far below the broker's message limit. */
const maxPartWeight = 1_000;

/**
 * The state that still matters, in parts small enough for one entry each. The ledger may change between two parts: the
 * facts in between cover that. `next` takes the time of its part if it is later.
 */
export function* snapshotParts(
  ledger: Ledger,
  startedAt: number,
): Generator<BudgetRecord[], void, number | undefined> {
  let now = startedAt;
  let part: BudgetRecord[] = [];
  let weight = 0;
  for (const budget of budgetsOf(ledger)) {
    // A call that has just stopped counting may still count by the record in Postgres, and must not look lost.
    const since = now - maxArrivalDelay(budget.definition, ledger.settings);
    if (!mustBeKept(budget, since)) continue;
    const intervals = countedCalls(budget, since);
    part.push({ ...budget.record, intervals, pausedUntil: { ...budget.record.pausedUntil } });
    weight += 1 + intervals.length;
    if (weight < maxPartWeight) continue;
    now = (yield part) ?? now;
    part = [];
    weight = 0;
  }
  yield part;
}

/** Whether a decision still depends on how much time passes after `now`: a counted call, a pause, a lost journal. */
export const hasActiveState = (ledger: Ledger, now: number): boolean =>
  lossCountsUntil(ledger) > now || budgetsOf(ledger).some((budget) => isActive(budget, now));

function* budgetsOf({ pools }: Ledger): Generator<BudgetState> {
  for (const { budgets } of pools.values()) yield* budgets;
}

/** Whether a budget decides differently at `now` than a new one would. */
export const mustBeKept = (budget: BudgetState, now: number): boolean =>
  budget.record.policy !== null ||
  budget.record.floor.upstream !== null ||
  budget.record.probing ||
  isActive(budget, now);

const isActive = (budget: BudgetState, now: number): boolean =>
  isPaused(budget, now) || (budget.record.unknownUntil ?? 0) > now || countCalls(budget, now) > 0;
