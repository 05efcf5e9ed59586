import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Budget } from '@paceline/shared/definition';
import type { Policy } from '@paceline/shared/contracts';
import type { FaultKind } from './faults.ts';

/**
 * - `accepted`, `rejected`: what the limiter said; both are counted by it
 * - `unauthorized`: wrong or missing key; `not_found`: a path that is no endpoint; `host_gone`: a fault that
 *   answers 404 to everything. None of them reaches the limiter.
 */
export type ArrivalVerdict = 'accepted' | 'rejected' | 'unauthorized' | 'not_found' | 'host_gone';

/** One request that arrived, with the verdict. All moments are project ms. */
export interface Arrival {
  readonly seq: number;
  readonly arrivedAt: number;
  readonly key: string;
  readonly budget: Budget | null;
  readonly policy: Policy | null;
  readonly method: string;
  readonly path: string;
  readonly verdict: ArrivalVerdict;
  readonly fault?: FaultKind;
  /** Missing while it is being answered, and for ever when it never was (hang, reset, caller gone). */
  readonly status?: number;
  readonly answeredAt?: number;
}

export const keyName = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 8);

/** Every arrival in order. With a file it survives a killed process and goes on after a restart. */
export type AuditLog = ReturnType<typeof createAuditLog>;

export function createAuditLog(file?: string) {
  const arrivals = file === undefined ? [] : readAudit(file);
  const write = file === undefined ? undefined : appendTo(file);
  return {
    arrived(seen: Omit<Arrival, 'seq'>): Arrival {
      const arrival = { seq: arrivals.length + 1, ...seen };
      arrivals.push(arrival);
      write?.line(arrival);
      return arrival;
    },
    answered(seq: number, answer: Required<Pick<Arrival, 'status' | 'answeredAt'>>) {
      const arrival = arrivals[seq - 1];
      if (!arrival) return;
      arrivals[seq - 1] = { ...arrival, ...answer };
      write?.line({ seq, ...answer });
    },
    all: (): readonly Arrival[] => arrivals,
    close: () => write?.close(),
  };
}

/** A line for each arrival, another with the same `seq` for its answer; unfinished lines are skipped. */
export function readAudit(file: string): Arrival[] {
  const arrivals: Arrival[] = [];
  for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
    try {
      const entry = JSON.parse(line) as Arrival;
      arrivals[entry.seq - 1] = { ...arrivals[entry.seq - 1], ...entry };
    } catch {
      // Unfinished, or the empty line behind such a one.
    }
  }
  return arrivals;
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
