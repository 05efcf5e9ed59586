import { count } from '@paceline/shared/words';
import type { SourceRow } from '../sources/view.ts';
import type { Observed } from './model.ts';

/** A call to upstream, from the sync log. */
export interface LoggedCall {
  readonly endpoint: string;
  /** null: no response. */
  readonly status: number | null;
  readonly message: string;
  /** Project ms. */
  readonly startedAt: number;
  readonly durationMs: number;
}

/** Failed calls in a row that make upstream down: a single one can be a hiccup, and its retry follows within seconds. */
const callsInARow = 2;

const hasFailed = ({ status }: LoggedCall): boolean => status === null || status >= 500;
const endOf = ({ startedAt, durationMs }: LoggedCall): number => startedAt + durationMs;

/** Judges upstream by the results of the last calls, and by whether our key may use any source. */
export function observedUpstream(calls: readonly LoggedCall[], sources: readonly SourceRow[]): Observed {
  const latest = calls.toSorted((one, other) => endOf(other) - endOf(one));
  const answeredAt = latest.findIndex((call) => !hasFailed(call));
  const failed = answeredAt === -1 ? latest : latest.slice(0, answeredAt);
  const first = failed.at(-1);
  if (first && failed.length >= callsInARow) {
    const reason = `The last ${count(failed.length, 'call')} failed: ${latest[0]?.message ?? ''}`;
    return { state: 'down', reason, since: first.startedAt };
  }
  const refused = sources.filter(({ state }) => state === 'unavailable');
  const isUsable = sources.some(({ state }) => state === 'available');
  if (refused.length > 0 && !isUsable) {
    const [{ message, advice }] = refused as [SourceRow];
    return {
      state: 'down',
      reason: message ?? 'It rejects every call',
      since: Math.min(...refused.map(({ since }) => since)),
      ...(advice !== null && { advice }),
    };
  }
  return calls.length === 0 ? { state: 'unknown' } : { state: 'up' };
}
