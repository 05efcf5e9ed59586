import { readFile, writeFile } from 'node:fs/promises';
import { journalEntry } from '@paceline/shared/contracts';
import { CannotAudit } from './arguments.ts';
import type { StoredEntry } from './core/stored-entry.ts';

/** Stores a journal: one entry a line, as JSON, readable by whoever wrote it only. */
export async function saveEntries(file: string, entries: readonly StoredEntry[]): Promise<void> {
  const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
}

/** @throws {CannotAudit} naming the line that is no entry */
export async function loadEntries(file: string): Promise<StoredEntry[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CannotAudit(`${file} can't be read (${error.code ?? error.message})`);
  });
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line, index) => {
    const stored = parse(line);
    if (!stored) throw new CannotAudit(`line ${index + 1} of ${file} is no entry of a journal`);
    return stored;
  });
}

function parse(line: string): StoredEntry | undefined {
  try {
    const { partition, sequence, storedAt, entry } = JSON.parse(line) as Record<keyof StoredEntry, unknown>;
    const isPlaced = [partition, sequence, storedAt].every(Number.isSafeInteger);
    const parsed = journalEntry.safeParse(entry);
    if (!isPlaced || !parsed.success) return undefined;
    return { partition, sequence, storedAt, entry: parsed.data } as StoredEntry;
  } catch {
    return undefined;
  }
}
