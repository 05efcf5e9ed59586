import type { Fact, FactOf } from '@paceline/shared/contracts';
import type { ProjectTime } from './arrivals.ts';
import {
  readPaused,
  readPolicyChanged,
  readRejected,
  readResumed,
  readReturned,
  readSettled,
  readStarted,
} from './facts.ts';
import { breach, type Finding, remark, when } from './findings.ts';
import type { History, Rules, StoredEntry } from './history.ts';
import { beginReading, passTo, type Reading } from './reading.ts';
import { readRestated } from './restated.ts';

/**
 * Tells a partition's journal again, from its first entry to its last: every call with the interval in which it
 * arrived, every policy with its time. What the ledger's own rules forbid is found on the way.
 *
 * It shares no code with the limiter's core on purpose: an auditor that reuses what it audits proves nothing.
 * @param entries of one partition, oldest first
 * @param projectTime by which upstream's log was kept, when there is one: what the ledger's own lies behind it
 */
export function rebuild(entries: readonly StoredEntry[], rules: Rules, projectTime?: ProjectTime): History {
  const reading = beginReading(rules, isTrimmed(entries));
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
    if (entry.entry === 'restated') {
      passTo(reading, entry.at, false);
      reading.lag = lagAt(entry.at);
      readRestated(reading, entry);
      continue;
    }
    const atClaim = entry.facts.some(({ fact }) => fact === 'claimed');
    for (const fact of entry.facts) {
      passTo(reading, timeOf(fact), atClaim);
      reading.lag = lagAt(timeOf(fact));
      read(reading, fact);
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

function read(reading: Reading, fact: Fact): void {
  switch (fact.fact) {
    case 'claimed':
      reading.claim = reading.sequence;
      reading.claims.add(reading.sequence);
      return;
    case 'journal_lost':
      readLost(reading, fact);
      return;
    case 'started':
      readStarted(reading, fact);
      return;
    case 'settled':
      readSettled(reading, fact);
      return;
    case 'returned':
      readReturned(reading, fact);
      return;
    case 'rejected':
      readRejected(reading, fact);
      return;
    case 'paused':
      readPaused(reading, fact);
      return;
    case 'resumed':
      readResumed(reading, fact);
      return;
    case 'policy_changed':
      readPolicyChanged(reading, fact);
      return;
  }
}

/** What came before is not known: it is for the limiter to wait until none of it can count any more. */
function readLost(reading: Reading, { at }: FactOf<'journal_lost'>): void {
  reading.lostAt = at;
  const says = `At ${when(at)} the journal of before was found to be gone. Which calls it held is not known.`;
  reading.findings.push(remark('journal_lost', says, { sequence: reading.sequence }));
}

/**
 * Every entry names the one from which whoever recovers has to read. It must be there, be older, and state something
 * anew; what the newest entry names must be there still, of older ones it may have been cut off since.
 */
function judgeRecovery(entries: readonly StoredEntry[]): Finding[] {
  const restated = new Map(entries.map(({ sequence, entry }) => [sequence, entry.entry === 'restated']));
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
