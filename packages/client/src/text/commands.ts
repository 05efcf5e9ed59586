import { count } from '@paceline/shared/words';
import type { Command } from '../generated.ts';
import { countdown, timeNear, withShownTimes } from './time.ts';

export const commandLane = 'manual_rider_add';

type CommandProgress = Pick<
  Command,
  'state' | 'position' | 'until' | 'reason' | 'estimatedAt' | 'via' | 'riders'
>;

/** Progress of a command with position and time, never a bare "queued". @param now project ms */
export function progress(command: CommandProgress, now: number): string {
  const when = (prefix: string, time: string | null) =>
    time === null ? '' : `${prefix} ${timeNear(time, now)} (in ${countdown(Date.parse(time) - now)})`;
  switch (command.state) {
    case 'waiting_in_line':
      return `number ${command.position} in the queue${when(', expected at', command.estimatedAt)}`;
    case 'waiting_for_window':
      return `waiting for the rate limit${when(' until', command.until)}`;
    case 'paused_by_upstream':
      return `paused by ZwiftRacing${when(' until', command.until)}`;
    case 'paused_by_operator':
      return `paused by an operator${when(' until', command.until)}`;
    case 'outside_slot':
      return `waiting for the next slot${when(' at', command.until)}`;
    case 'waiting_for_service':
      return `waiting: ${command.reason ?? 'a service is not running'}`;
    case 'running':
      return command.via === 'bulk' ? 'being fetched in a bulk call' : 'being fetched';
    case 'done':
      return command.riders ? 'done' : 'added';
    case 'failed':
    case 'expired':
    case 'cancelled':
      return withShownTimes(command.reason ?? command.state, now);
  }
}

export const isFailed = ({ state }: Pick<Command, 'state'>): boolean =>
  state === 'failed' || state === 'expired';
export const isFinished = (command: Pick<Command, 'state'>): boolean =>
  command.state === 'done' || command.state === 'cancelled' || isFailed(command);

export function titleOf({ riderId, riders }: Pick<Command, 'riderId' | 'riders'>): string {
  if (riderId !== null) return `Rider ${riderId}`;
  return count(riders ? riders.done + riders.failed + riders.waiting : 0, 'rider');
}

export function describeCommand(command: Pick<Command, 'riderId'> & CommandProgress, now: number): string {
  const [title, text] = [titleOf(command), progress(command, now)];
  return text.startsWith(title) ? text : `${title}: ${text}`;
}

export const steps = ['requested', 'waiting', 'fetching', 'added'] as const;
export const stepOf = ({ state }: Pick<Command, 'state'>): number =>
  state === 'done' ? 3 : state === 'running' ? 2 : 1;
