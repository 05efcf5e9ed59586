import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Arrival } from './arrival.ts';

/** What becomes of an arrival later. */
type Answer = Required<Pick<Arrival, 'status' | 'answeredAt'>>;

/** Every arrival in order. With a file it survives a killed process and goes on after a restart. */
export interface AuditLog {
  arrived(arrival: Omit<Arrival, 'seq'>): Arrival;
  answered(seq: number, answer: Answer): void;
  all(): readonly Arrival[];
  close(): void;
}

export function createAuditLog(file?: string): AuditLog {
  const arrivals = file === undefined ? [] : readAudit(file);
  const write = file === undefined ? undefined : appendTo(file);
  return {
    arrived(seen) {
      const arrival = { seq: arrivals.length + 1, ...seen };
      arrivals.push(arrival);
      write?.line(arrival);
      return arrival;
    },
    answered(seq, answer) {
      const arrival = arrivals[seq - 1];
      if (!arrival) return;
      arrivals[seq - 1] = { ...arrival, ...answer };
      write?.line({ seq, ...answer });
    },
    all: () => arrivals,
    close: () => write?.close(),
  };
}

/**
 * Reads an audit file: one line when a request arrived, one more with the same `seq` when it was answered.
 * A line that a killed process left unfinished is skipped. No file reads as no arrivals.
 */
export function readAudit(file: string): Arrival[] {
  const arrivals: Arrival[] = [];
  for (const line of linesOf(file)) {
    const entry = parse(line);
    if (entry) arrivals[entry.seq - 1] = { ...arrivals[entry.seq - 1], ...entry };
  }
  return arrivals;
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function parse(line: string): Arrival | undefined {
  try {
    return JSON.parse(line) as Arrival;
  } catch {
    return undefined;
  }
}

/** Written at once and in order, so that even SIGKILL loses no arrival that was judged. */
function appendTo(file: string) {
  const descriptor = openSync(file, 'a');
  // Ends the line that a killed process may have left unfinished.
  writeSync(descriptor, '\n');
  return {
    line: (entry: object) => writeSync(descriptor, `${JSON.stringify(entry)}\n`),
    close: () => closeSync(descriptor),
  };
}
