import type { Fact } from '@paceline/shared/contracts';
import type { ProjectTime } from './arrivals.ts';
import { readFact } from './facts.ts';
import { breach, type Finding, remark, when } from './findings.ts';
import type { Rules, StoredEntry } from './history.ts';
import { passTo, Reading } from './reading.ts';
import { readRestated } from './restated.ts';

// It shares no code with the limiter's core on purpose: an auditor that reuses what it audits proves nothing.
/**
 * Tells a partition's journal again, and finds what the ledger's own rules forbid.
 * @param entries of one partition, oldest first
 * @param projectTime by which upstream's log was kept, when there is one: what the ledger's own lies behind it
 */
export function rebuild(entries: readonly StoredEntry[], rules: Rules, projectTime?: ProjectTime) {
  const reading = new Reading(rules, isTrimmed(entries));
  const seen = new Set<number>();
  for (const stored of entries) {
    const { sequence, entry, storedAt } = stored;
    const lagAt = (at: number) => (projectTime ? Math.max(0, projectTime(storedAt) - at) : 0);
    if (sequence <= reading.sequence) {
      const says = `Entry ${sequence} stands behind entry ${reading.sequence}.`;
      reading.findings.push(breach('out_of_order', says, { sequence }));
    }
    reading.sequence = sequence;
    // From here on the journal is known to have told everything that still counted.
    if (!reading.complete && seen.has(entry.recoverFrom)) completeAt(reading, stored);
    seen.add(sequence);
    if (entry.entry === 'snapshot') {
      passTo(reading, entry.at, false);
      reading.lag = lagAt(entry.at);
      readRestated(reading, entry);
      continue;
    }
    const atClaim = entry.facts.some(({ fact }) => fact === 'claimed');
    for (const fact of entry.facts) {
      passTo(reading, timeOf(fact), atClaim);
      reading.lag = lagAt(timeOf(fact));
      readFact(reading, fact);
    }
  }
  const { budgets, findings, spans } = reading;
  return { spans, budgets: [...budgets.values()], findings: [...findings, ...judgeRecovery(entries)] };
}

function completeAt(reading: Reading, { sequence }: StoredEntry): void {
  reading.complete = true;
  const says = `The journal's past was cut off, as it is when it grows long. It is judged from entry ${sequence} on (${when(reading.now)}), where all that counted had been stated anew.`;
  reading.findings.push(remark('history_begins_later', says, { sequence }));
}

const timeOf = (fact: Fact): number => (fact.fact === 'started' ? fact.interval.startedAt : fact.at);

/** An entry names where recovery reads from: an older one that restates. Of all but the newest it may be cut off since. */
function judgeRecovery(entries: readonly StoredEntry[]): Finding[] {
  const restated = new Map(entries.map(({ sequence, entry }) => [sequence, entry.entry === 'snapshot']));
  const first = entries[0];
  const last = entries.at(-1);
  if (!first || !last) return [];
  const findings: Finding[] = [];
  const judged = new Set<number>();
  for (const { sequence, entry } of entries) {
    const { recoverFrom } = entry;
    if (recoverFrom === 0 || judged.has(recoverFrom)) continue;
    if (recoverFrom < first.sequence && sequence !== last.sequence) continue;
    judged.add(recoverFrom);
    const problem = problemWith(restated.get(recoverFrom), recoverFrom >= sequence);
    if (problem) findings.push(nowhere(sequence, `entry ${recoverFrom}, ${problem}`));
  }
  if (last.entry.recoverFrom === 0 && isTrimmed(entries)) {
    findings.push(nowhere(last.sequence, 'its beginning, which is gone'));
  }
  return findings;
}

function problemWith(restates: boolean | undefined, isLater: boolean): string | undefined {
  if (restates === undefined) return 'which is not there';
  if (isLater) return 'which comes later';
  return restates ? undefined : 'which states nothing anew';
}

const nowhere = (sequence: number, where: string): Finding =>
  breach('recovers_from_nothing', `Entry ${sequence} says to recover from ${where}.`, { sequence });

/** Whether what came before the first entry was cut off: a journal begins with a claim. */
function isTrimmed([first]: readonly StoredEntry[]): boolean {
  if (!first) return false;
  const { entry } = first;
  const begins =
    entry.entry === 'facts' && entry.recoverFrom === 0 && entry.facts.some(({ fact }) => fact === 'claimed');
  return !begins;
}
