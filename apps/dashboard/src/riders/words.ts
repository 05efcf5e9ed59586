import type { Command } from '../api/shapes.ts';
import { clockTime, countdown } from '../time/words.ts';

/** What a stream tells of a wish as well. */
type Standing = Pick<Command, 'state' | 'position' | 'at' | 'until' | 'next' | 'reason' | 'via' | 'riders'>;

/** How a wish stands, never a bare "queued". */
export function standingOf(command: Standing, now: number): string {
  const moment = (text: string | null) =>
    text === null ? '' : ` (${clockTime(Date.parse(text))}, in ${countdown(Date.parse(text) - now)})`;
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

export const isOver = ({ state }: Command): boolean =>
  state === 'done' || state === 'failed' || state === 'expired';
export const isWrong = ({ state }: Pick<Command, 'state'>): boolean =>
  state === 'failed' || state === 'expired';

/** e.g. `Rider 4500001`, `120 riders` */
export function wishOf({ riderId, riders }: Pick<Command, 'riderId' | 'riders'>): string {
  if (riderId !== null) return `Rider ${riderId}`;
  const count = riders ? riders.done + riders.failed + riders.waiting : 0;
  return count === 1 ? '1 rider' : `${count} riders`;
}

/** How far a wish has come: of asked, waits, is fetched, is here. */
export const stepOf = ({ state }: Command): number => (state === 'done' ? 3 : state === 'running' ? 2 : 1);

/** What somebody typed as a rider's id, as it is sent: the API says what is wrong with it. */
export const riderIdOf = (typed: string): number | string =>
  /^-?\d+$/.test(typed.trim()) ? Number(typed) : typed;

/** The ids in a text, each once, in its order. */
export const riderIdsOf = (typed: string): number[] => [...new Set(typed.match(/\d+/g)?.map(Number))];
