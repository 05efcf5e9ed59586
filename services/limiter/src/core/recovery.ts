import type { BudgetRecord, Fact, JournalEntry } from '@paceline/shared/contracts';
import { type BudgetState, createBudget } from './budget.ts';
import { evolve } from './evolve.ts';
import { createLedger, keyOf, type Ledger, lossMattersUntil } from './ledger.ts';
import type { Settings } from './settings.ts';
import { counted, isPaused } from './window.ts';

/** What an owner knows of its partition when it reads the journal again. */
export interface Known {
  /** Whether this owner has claimed the partition before: then no other limiter may have since. */
  readonly claimed: boolean;
  /** The latest epoch that a permit was seen of: the journal must reach as far. */
  readonly epochSeen: number;
}

/** The entries that matter, oldest first, and when the broker stored the last one (project ms by its clock). */
export interface JournalContent {
  readonly entries: readonly JournalEntry[];
  readonly lastStoredAt: number;
}

/** Whether another owner has claimed the partition since this one did. */
export const isTaken = (entries: readonly JournalEntry[], owner: string, { claimed }: Known): boolean =>
  claimed && lastOwner(entries) !== owner;

function lastOwner(entries: readonly JournalEntry[]): string | undefined {
  const owners = entries.flatMap((entry) => {
    if (entry.entry === 'snapshot') return [entry.owner];
    return entry.facts.flatMap((fact) => (fact.fact === 'claimed' ? [fact.owner] : []));
  });
  return owners.at(-1);
}

/** The ledger's time (project ms) at the moment at which the broker's clock shows `brokerNow`. */
export function ledgerTime(
  { entries, lastStoredAt }: JournalContent,
  brokerNow: number,
  settings: Settings,
): number {
  const last = entries.at(-1);
  return timeAtTakeOver({
    now: brokerNow,
    last: last && { at: timeOf(last), storedAt: lastStoredAt },
    weighs: (at) => weighs(restore(entries, 0, settings), at),
  });
}

/** The entry with which an owner takes a partition over. A lost journal counts every budget as spent. */
export const claimOf = (owner: string, at: number, isLost: boolean): Fact[] => [
  ...(isLost ? [{ fact: 'journal_lost', at } as const] : []),
  { fact: 'claimed', owner, at },
];

/** What is known of time when a ledger is taken over. Moments are project ms by the ledger, or by the broker's clock. */
export interface TakeOver {
  /** The broker's time now. */
  readonly now: number;
  /** The last entry: the ledger's time in it, and the broker's when it was stored. Undefined without one. */
  readonly last: { readonly at: number; readonly storedAt: number } | undefined;
  /** Whether any call still counts, or a pause lasts, at a moment of the ledger. */
  readonly weighs: (at: number) => boolean;
}

/**
 * The ledger's time as its new owner takes it over. It is the broker's, unless a window depends on it: then no more
 * time has passed than since the last entry, whatever the broker's clock was set to while an owner ruled by its own
 * steady one. However often that happens, and by how little, a window is not shortened by it.
 */
export function timeAtTakeOver({ now, last, weighs }: TakeOver): number {
  if (!last) return now;
  const passed = Math.max(0, now - last.storedAt);
  const steady = last.at + passed;
  return weighs(steady) ? steady : now;
}

/** The ledger's time of an entry. */
export function timeOf(entry: JournalEntry): number {
  return entry.entry === 'snapshot' ? entry.at : Math.max(...entry.facts.map(timeOfFact));
}

const timeOfFact = (fact: Fact): number => (fact.fact === 'started' ? fact.interval.startedAt : fact.at);

/** The ledger that the journal's entries tell of. `epoch` marks the permits granted from it, `quietUntil` is the moment before which none is. */
export function restore(
  entries: readonly JournalEntry[],
  epoch: number,
  settings: Settings,
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
  // Told since this limiter took over.
  ledger.news.clear();
  return ledger;
}

/** How much one entry may hold, in budgets and their calls: far below what the broker takes in one message. */
const largestPart = 1_000;

/**
 * Everything of a ledger that still weighs, in parts that are small enough for an entry each. The ledger may go on
 * between two parts: what is new by then is in the facts. `next` takes the moment of its part, if it is a later one.
 */
export function* restated(
  ledger: Ledger,
  begin: number,
): Generator<BudgetRecord[], void, number | undefined> {
  let now = begin;
  let part: BudgetRecord[] = [];
  let weight = 0;
  for (const budget of ledger.budgets.values()) {
    if (!weighsNow(budget, now)) continue;
    const intervals = counted(budget, now);
    part.push({ ...budget.record, intervals, pausedUntil: { ...budget.record.pausedUntil } });
    weight += 1 + intervals.length;
    if (weight < largestPart) continue;
    now = (yield part) ?? now;
    part = [];
    weight = 0;
  }
  yield part;
}

/** Whether anything in a ledger depends on how much time passes after `now`: a window, a pause, a lost journal. */
export const weighs = (ledger: Ledger, now: number): boolean =>
  lossMattersUntil(ledger) > now || [...ledger.budgets.values()].some((budget) => lasts(budget, now));

/** Whether a budget would decide otherwise at `now` than one that was never asked for. */
export const weighsNow = (budget: BudgetState, now: number): boolean =>
  budget.record.policy !== null || budget.record.probing || lasts(budget, now);

const lasts = (budget: BudgetState, now: number): boolean =>
  isPaused(budget, now) || (budget.record.unknownUntil ?? 0) > now || counted(budget, now).length > 0;
