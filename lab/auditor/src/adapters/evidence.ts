import { readFile, writeFile } from 'node:fs/promises';
import { journalEntry, type Policy } from '@paceline/shared/contracts';
import { defaultUpstream } from '@paceline/shared/upstreams';
import type { LoggedArrival, SandboxLog } from '../core/arrivals.ts';
import type { StoredEntry } from '../core/history.ts';

/** The audit is not possible; the message says why. */
export class CannotAudit extends Error {
  override name = 'CannotAudit';
}

/** Saves a journal as one JSON entry per line, readable only by the current user. */
export async function saveEntries(file: string, entries: readonly StoredEntry[]): Promise<void> {
  const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
}

/** @throws {CannotAudit} for an unreadable file or the first invalid line */
export async function loadEntries(file: string): Promise<StoredEntry[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CannotAudit(`Can't read ${file} (${error.code ?? error.message})`);
  });
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line, index) => {
    const stored = parse(line);
    if (!stored) throw new CannotAudit(`${file}, line ${index + 1}: not a journal entry`);
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

/** Fetches a sandbox's audit log. @param root its URL without `/api` @throws {CannotAudit} */
export async function fetchLog(root: string): Promise<SandboxLog & { scale?: number }> {
  const url = new URL('control/audit', root.endsWith('/') ? root : `${root}/`);
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const log = (await response.json()) as SandboxAnswer;
    const { upstream = defaultUpstream, arrivals, clock } = log;
    if (!Array.isArray(arrivals) || !arrivals.every(isArrival))
      throw new Error('no audit log in the response');
    return {
      upstream,
      arrivals: arrivals.map(loggedArrival),
      ...(clock && { projectTime: (realMs) => clock.zero + realMs * clock.scale, scale: clock.scale }),
    };
  } catch (error) {
    throw new CannotAudit(`No sandbox at ${root} (${(error as Error).message})`);
  }
}

interface SandboxAnswer {
  /** Absent from the sandbox of ZwiftRacing. */
  readonly upstream?: string;
  readonly arrivals: unknown;
  /** `zero`: project time when the machine's clock shows 0. */
  readonly clock?: Record<'zero' | 'scale', number>;
}

/** A call counts in several budgets, or, in the sandbox of ZwiftRacing, in one. */
type SandboxArrival = Omit<LoggedArrival, 'policies'> &
  Partial<Pick<LoggedArrival, 'policies'>> & {
    readonly budget?: string | null;
    readonly policy?: Policy | null;
  };

const isArrival = (each: unknown): each is SandboxArrival => {
  const { arrivedAt, key } = (each ?? {}) as Partial<SandboxArrival>;
  return typeof arrivedAt === 'number' && typeof key === 'string';
};

const loggedArrival = ({ policies, budget, policy, ...arrival }: SandboxArrival): LoggedArrival => ({
  ...arrival,
  policies: policies ?? (budget && policy ? { [budget]: policy } : {}),
});
