import { breach, type Finding } from './finding.ts';
import type { StoredEntry } from './stored-entry.ts';

/**
 * Every entry names the one from which whoever recovers has to read. It must be there, be older, and state something
 * anew; what the newest entry names must be there still, of older ones it may have been cut off since.
 */
export function judgeRecovery(entries: readonly StoredEntry[]): Finding[] {
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
export function isTrimmed([first]: readonly StoredEntry[]): boolean {
  if (!first) return false;
  const { entry } = first;
  const begins =
    entry.entry === 'facts' && entry.recoverFrom === 0 && entry.facts.some(({ fact }) => fact === 'claimed');
  return !begins;
}
