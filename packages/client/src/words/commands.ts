import type { Command, Lane } from '../generated.ts';
import { clockTime, countdown } from './time.ts';

export const commandLane: Lane = 'manual_rider_add';

/** What the stream says of a command, too. */
type Progress = Pick<Command, 'state' | 'position' | 'at' | 'until' | 'next' | 'reason' | 'via' | 'riders'>;

/** How far a command is, never a bare "queued". @param now project ms */
export function progress(command: Progress, now: number): string {
  const moment = (text: string | null) =>
    text === null ? '' : ` (${clockTime(text)}, in ${countdown(Date.parse(text) - now)})`;
  switch (command.state) {
    case 'waiting_in_line':
      return `number ${command.position} in line${moment(command.at)}`;
    case 'waiting_for_window':
      return `waits until a call is free${moment(command.until)}`;
    case 'paused_by_upstream':
      return `upstream has paused us${moment(command.until)}`;
    case 'paused_by_operator':
      return `an operator has paused us${moment(command.until)}`;
    case 'outside_slot':
      return `waits for the next slot${moment(command.next)}`;
    case 'running':
      return command.via === 'bulk' ? 'comes with a bulk call' : 'is being fetched';
    case 'done':
      return command.riders ? 'is done' : 'is here';
    case 'failed':
    case 'expired':
      return command.reason ?? command.state;
  }
}

export const isFailed = ({ state }: Pick<Command, 'state'>): boolean =>
  state === 'failed' || state === 'expired';
export const isOver = (command: Pick<Command, 'state'>): boolean =>
  command.state === 'done' || isFailed(command);

export function titleOf({ riderId, riders }: Pick<Command, 'riderId' | 'riders'>): string {
  if (riderId !== null) return `Rider ${riderId}`;
  const count = riders ? riders.done + riders.failed + riders.waiting : 0;
  return count === 1 ? '1 rider' : `${count} riders`;
}

export function sentenceOf(command: Pick<Command, 'riderId'> & Progress, now: number): string {
  const [title, stands] = [titleOf(command), progress(command, now)];
  if (stands.startsWith(title)) return stands;
  if (command.state === 'waiting_in_line') return `${title} is ${stands}`;
  return /^(failed|expired|paused)/.test(command.state) ? `${title}: ${stands}` : `${title} ${stands}`;
}

export const steps = ['asked', 'waits', 'is fetched', 'is here'] as const;
/** The index of the step that a command has reached. */
export const stepOf = ({ state }: Pick<Command, 'state'>): number =>
  state === 'done' ? 3 : state === 'running' ? 2 : 1;
