import type { BudgetRecord, Fact, JournalEntry } from '@paceline/shared/contracts';
import { type BudgetState, createBudget } from './budget.ts';
import { evolve } from './evolve.ts';
import { createLedger, keyOf, type Ledger, lossCountsUntil } from './ledger.ts';
import type { LimiterSettings } from './settings.ts';
import { countedCalls, isPaused } from './window.ts';

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

/** The facts with which an owner takes a partition over. A lost journal counts every budget as spent. */
export const claimFacts = (owner: string, at: number, isLost: boolean): Fact[] => [
  ...(isLost ? [{ fact: 'journal_lost', at } as const] : []),
  { fact: 'claimed', owner, at },
];

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
      ledger.budgets.set(keyOf(record.account, record.endpoint), createBudget(record, settings));
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
  for (const budget of ledger.budgets.values()) {
    if (!mustBeKept(budget, now)) continue;
    const intervals = countedCalls(budget, now);
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
  lossCountsUntil(ledger) > now || [...ledger.budgets.values()].some((budget) => isActive(budget, now));

/** Whether a budget decides differently at `now` than a new one would. */
export const mustBeKept = (budget: BudgetState, now: number): boolean =>
  budget.record.policy !== null ||
  budget.record.floor.upstream !== null ||
  budget.record.probing ||
  isActive(budget, now);

const isActive = (budget: BudgetState, now: number): boolean =>
  isPaused(budget, now) || (budget.record.unknownUntil ?? 0) > now || countedCalls(budget, now).length > 0;
