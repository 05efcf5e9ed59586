import { budgets, kinds } from '@paceline/shared/definition';
import { count, unreadableText } from '@paceline/shared/words';
import type { Run } from '../generated.ts';
import { clockTime, duration } from './time.ts';

/** Whether a run failed, wholly or in part. */
export const hasFailed = ({ state }: Pick<Run, 'state'>): boolean =>
  state === 'failed' || state === 'partly_failed';

type RunEnd = Pick<Run, 'kind' | 'state' | 'mode' | 'counts' | 'unreadable' | 'reason'> &
  Partial<Pick<Run, 'waitingFor'>>;

/** `31 near events synced, 6 unreadable: 4500012, …`, or why the run failed. */
export function outcome({ kind, state, mode, counts, unreadable, reason, waitingFor }: RunEnd): string {
  const { thing } = kinds[kind];
  const { planned, synced } = counts;
  const skipped = unreadable.count > 0 && unreadableText(unreadable);
  if (reason !== null) return [reason, skipped].filter((part) => part !== false).join('; ');
  if (mode === 'observed') return `observed: ${count(planned, thing)} planned, no calls made`;
  const parts = [
    state === 'running' && planned > 0
      ? `${synced} of ${count(planned, thing)} synced`
      : synced > 0 && `${count(synced, thing)} synced`,
    counts.failed > 0 && `${counts.failed} failed`,
    counts.deferred > 0 && `${counts.deferred} deferred to the next slot`,
    skipped,
    waitingFor &&
      `waiting for ${budgets[waitingFor.budget].label}, expected at ${clockTime(waitingFor.until)}`,
  ].filter((part) => typeof part === 'string');
  if (parts.length > 0) return parts.join(', ');
  return state === 'running' ? 'just started' : 'nothing due';
}

export const elapsed = ({ startedAt, finishedAt }: Run, now: number): string =>
  duration(Math.max(0, (finishedAt === null ? now : Date.parse(finishedAt)) - Date.parse(startedAt)));
