import type { Fact, JournalEntry } from '@paceline/shared/contracts';

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
  return entry.entry === 'restated' ? entry.at : Math.max(...entry.facts.map(timeOfFact));
}

const timeOfFact = (fact: Fact): number => (fact.fact === 'started' ? fact.interval.startedAt : fact.at);
