import type { SyncKind } from '@paceline/shared/definition';
import type { RunRow } from './run.ts';

/**
 * The slot of a run that is asked for out of turn. It follows from the last run of its kind, so that all who ask at once
 * ask for the same one.
 */
export const slotAskedFor = (kind: SyncKind, lastRunId: string | undefined): string =>
  `slot:${kind}:asked:${lastRunId ?? 'first'}`;

/** The slot of the run that tries again what another one has not done; there is one for each. */
export const slotOfRetry = (kind: SyncKind, runId: string): string => `slot:${kind}:retry:${runId}`;

/** Why a run can't be tried again; undefined: it can. */
export function nothingToRetry({
  state,
  counts,
  error,
}: Pick<RunRow, 'state' | 'counts' | 'error'>): string | undefined {
  if (state === 'running') return 'The run has not ended yet';
  if (state === 'done' && error === null && counts.failed === 0 && counts.deferred === 0)
    return 'The run has done everything';
  return undefined;
}
