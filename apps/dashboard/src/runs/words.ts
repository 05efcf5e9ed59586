import type { Run, SyncKind } from '../api/shapes.ts';
import { length } from '../time/words.ts';

export const kindWords: Readonly<Record<SyncKind, string>> = {
  rider: 'riders',
  near: 'near events',
  far: 'far events',
  results: 'results',
};

/** e.g. `3 synced, 28 left for the next slot` */
export function outcome({
  state,
  mode,
  counts,
  error,
}: Pick<Run, 'state' | 'mode' | 'counts' | 'error'>): string {
  if (error !== null) return error;
  if (mode === 'observed') return `observed only: ${counts.planned} planned, nothing called`;
  const parts = [
    counts.synced > 0 && `${counts.synced} synced`,
    counts.failed > 0 && `${counts.failed} failed`,
    counts.deferred > 0 && `${counts.deferred} left for the next slot`,
  ].filter((part) => part !== false);
  if (parts.length > 0) return parts.join(', ');
  return state === 'running' ? 'has just begun' : 'nothing was due';
}

/** How long it took, or has taken so far. */
export const lasted = ({ startedAt, finishedAt }: Run, now: number): string =>
  length(Math.max(0, (finishedAt === null ? now : Date.parse(finishedAt)) - Date.parse(startedAt)));
