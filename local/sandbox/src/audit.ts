import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { BudgetName } from '@paceline/shared/definition';
import type { Policy } from '@paceline/shared/contracts';
import type { UpstreamFaultKind } from './faults.ts';

/**
 * - `accepted`, `rejected`: the limiter's decision; both are counted
 * - `unauthorized` (wrong or missing key), `not_found` (unknown path), `host_gone` (a fault that returns 404 for
 *   every path): not counted
 */
export type ArrivalVerdict = 'accepted' | 'rejected' | 'unauthorized' | 'not_found' | 'host_gone';

/** A request that arrived, with its verdict. Times are project ms. */
export interface Arrival {
  readonly seq: number;
  readonly arrivedAt: number;
  readonly key: string;
  readonly budget: BudgetName | null;
  readonly policy: Policy | null;
  readonly method: string;
  readonly path: string;
  readonly verdict: ArrivalVerdict;
  readonly fault?: UpstreamFaultKind;
  /** Missing until the response is sent, and for good without one (hang, reset, aborted). */
  readonly status?: number;
  readonly answeredAt?: number;
}

export const keyName = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 8);

type AnyArrival = Pick<Arrival, 'seq' | 'status' | 'answeredAt'>;

/** All arrivals in order. With a file the log survives a killed process and continues after a restart. */
export type AuditLog<Logged extends AnyArrival = Arrival> = ReturnType<typeof createAuditLog<Logged>>;

export function createAuditLog<Logged extends AnyArrival = Arrival>(file?: string) {
  const arrivals = file === undefined ? [] : readAudit<Logged>(file);
  const write = file === undefined ? undefined : appendTo(file);
  return {
    arrived(request: Omit<Logged, 'seq'>): Logged {
      const arrival = { seq: arrivals.length + 1, ...request } as Logged;
      arrivals.push(arrival);
      write?.line(arrival);
      return arrival;
    },
    answered(seq: number, response: Required<Pick<Arrival, 'status' | 'answeredAt'>>) {
      const arrival = arrivals[seq - 1];
      if (!arrival) return;
      arrivals[seq - 1] = { ...arrival, ...response };
      write?.line({ seq, ...response });
    },
    all: (): readonly Logged[] => arrivals,
    close: () => write?.close(),
  };
}

/** Reads a line for each arrival and one with the same `seq` for its response. Incomplete lines are skipped. */
export function readAudit<Logged extends AnyArrival = Arrival>(file: string): Logged[] {
  const arrivals: Logged[] = [];
  for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
    try {
      const entry = JSON.parse(line) as Logged;
      arrivals[entry.seq - 1] = { ...arrivals[entry.seq - 1], ...entry };
    } catch {
      // An incomplete line, or the empty line after it.
    }
  }
  return arrivals;
}

/** Writes synchronously, so that even SIGKILL loses no arrival that the limiter has counted. */
function appendTo(file: string) {
  const descriptor = openSync(file, 'a');
  // Ends an incomplete line of a killed process.
  writeSync(descriptor, '\n');
  return {
    line: (entry: object) => writeSync(descriptor, `${JSON.stringify(entry)}\n`),
    close: () => closeSync(descriptor),
  };
}
