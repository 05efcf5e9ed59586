import type { Fact } from '@paceline/shared/contracts';
import type { ProjectTime } from './arrivals.ts';
import { applyFact } from './facts.ts';
import { violation, type Finding, note, when } from './findings.ts';
import type { StoredEntry } from './history.ts';
import { advanceTo, LedgerState } from './ledger-state.ts';
import type { Rules } from './rules.ts';
import { applySnapshot } from './snapshot.ts';

// Shares no code with the limiter's core on purpose: an auditor that reuses what it audits proves nothing.
/**
 * Replays a partition's journal and checks the ledger's rules.
 * @param entries of one partition, oldest first
 * @param projectTime of the sandbox's log, if given: how far the ledger's time lags behind it is then known
 */
export function rebuild(entries: readonly StoredEntry[], rules: Rules, projectTime?: ProjectTime) {
  const state = new LedgerState(rules, isTrimmed(entries));
  const seen = new Set<number>();
  for (const stored of entries) {
    const { sequence, entry, storedAt } = stored;
    const lagAt = (at: number) => (projectTime ? Math.max(0, projectTime(storedAt) - at) : 0);
    if (sequence <= state.sequence) {
      const message = `Entry ${sequence} comes after entry ${state.sequence}.`;
      state.findings.push(violation('out_of_order', message, { sequence }));
    }
    noteGap(state, stored);
    state.sequence = sequence;
    // From here on everything that still counts is known.
    if (!state.complete && seen.has(entry.recoverFrom)) completeAt(state, stored);
    seen.add(sequence);
    if (entry.entry === 'snapshot') {
      advanceTo(state, entry.at, false);
      state.lag = lagAt(entry.at);
      applySnapshot(state, entry);
      continue;
    }
    const atClaim = entry.facts.some(({ fact }) => fact === 'claimed');
    for (const fact of entry.facts) {
      advanceTo(state, timeOf(fact), atClaim);
      state.lag = lagAt(timeOf(fact));
      applyFact(state, fact);
    }
  }
  const { budgets, findings, spans } = state;
  return { spans, budgets: [...budgets.values()], findings: [...findings, ...judgeRecovery(entries)] };
}

/** Each entry names the one before it. A gap at the start of the journal was purged. */
function noteGap(state: LedgerState, { sequence, entry: { previous } }: StoredEntry): void {
  if (state.sequence === 0 || previous === undefined || previous === state.sequence) return;
  state.gapBefore = sequence;
  const message = `Entries between ${state.sequence} and ${sequence} are missing: the last of them was ${previous}.`;
  state.findings.push(note('entries_missing', message, { sequence }));
}

function completeAt(state: LedgerState, { sequence }: StoredEntry): void {
  state.complete = true;
  const message = `Older entries were purged, as in any long journal. Audited from entry ${sequence} (${when(state.now)}), where a snapshot had everything that still counted.`;
  state.findings.push(note('history_purged', message, { sequence }));
}

const timeOf = (fact: Fact): number => (fact.fact === 'started' ? fact.interval.startedAt : fact.at);

/** `recoverFrom` must name an earlier snapshot. It may have been purged since, except for the newest entry. */
function judgeRecovery(entries: readonly StoredEntry[]): Finding[] {
  const isSnapshot = new Map(entries.map(({ sequence, entry }) => [sequence, entry.entry === 'snapshot']));
  const first = entries[0];
  const last = entries.at(-1);
  if (!first || !last) return [];
  const findings: Finding[] = [];
  const judged = new Set<number>();
  const gaps = entries.flatMap(({ sequence, entry: { previous } }, index) => {
    const { sequence: before } = entries[index - 1] ?? {};
    return before === undefined || previous === undefined || previous === before
      ? []
      : [{ before, sequence }];
  });
  const isMissing = (each: number) => gaps.some(({ before, sequence }) => each > before && each < sequence);
  for (const { sequence, entry } of entries) {
    const { recoverFrom } = entry;
    if (recoverFrom === 0 || judged.has(recoverFrom) || isMissing(recoverFrom)) continue;
    if (recoverFrom < first.sequence && sequence !== last.sequence) continue;
    judged.add(recoverFrom);
    const problem = problemWith(isSnapshot.get(recoverFrom), recoverFrom >= sequence);
    if (problem) findings.push(invalidRecovery(sequence, `entry ${recoverFrom}, ${problem}`));
  }
  if (last.entry.recoverFrom === 0 && isTrimmed(entries)) {
    findings.push(invalidRecovery(last.sequence, 'its start, which was purged'));
  }
  return findings;
}

function problemWith(isSnapshot: boolean | undefined, isLater: boolean): string | undefined {
  if (isSnapshot === undefined) return 'which does not exist';
  if (isLater) return 'which comes later';
  return isSnapshot ? undefined : 'which is not a snapshot';
}

const invalidRecovery = (sequence: number, where: string): Finding =>
  violation('invalid_recovery_entry', `Entry ${sequence} says to recover from ${where}.`, { sequence });

/** Whether older entries were purged: a complete journal starts with a claim. */
function isTrimmed([first]: readonly StoredEntry[]): boolean {
  if (!first) return false;
  const { entry } = first;
  const isComplete =
    entry.entry === 'facts' && entry.recoverFrom === 0 && entry.facts.some(({ fact }) => fact === 'claimed');
  return !isComplete;
}
