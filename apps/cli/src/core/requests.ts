import type { Command } from '@paceline/client';
import { dayOf, isFailed, progress, sentenceCase, shortTime, titleOf } from '@paceline/client/text';
import { type TableCell, type TextStyle, table } from './look.ts';

/** Enough of an id to name it in another command. */
export const shortId = (id: string): string => id.slice(0, 8);

export function requestsLines(commands: readonly Command[], now: number, look: TextStyle): string[] {
  if (commands.length === 0) return ['No requests found.'];
  return table(['request', 'at', 'for', 'status'], requestRows(commands, now, look), look);
}

/** @param now project ms */
export const requestRows = (commands: readonly Command[], now: number, { paint }: TextStyle): TableCell[][] =>
  commands.map((command) => [
    { text: shortId(command.commandId), paint: paint.muted },
    `${dayOf(command.requestedAt)} ${shortTime(command.requestedAt)}`,
    titleOf(command),
    {
      text: sentenceCase(progress(command, now)),
      paint: isFailed(command) ? paint.error : (text: string) => text,
    },
  ]);
