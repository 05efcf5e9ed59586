import type { Run } from '../generated.ts';
import { duration } from './time.ts';

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

export const elapsed = ({ startedAt, finishedAt }: Run, now: number): string =>
  duration(Math.max(0, (finishedAt === null ? now : Date.parse(finishedAt)) - Date.parse(startedAt)));
