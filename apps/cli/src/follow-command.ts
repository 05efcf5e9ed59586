import { setTimeout as sleep } from 'node:timers/promises';
import { isOver } from '@paceline/dashboard/words/riders';
import { isPassing } from './api/client.ts';
import type { Command as Wish } from './api/shapes.ts';
import type { Context } from './command.ts';
import { commandLine } from './core/command-lines.ts';
import type { ProjectTime } from './project-time.ts';

/** Real ms. */
const everyMs = 250;
const patienceMs = 60_000;

/**
 * Shows how a command goes on, until it has ended: how, is for the caller to show. An API that is away for a minute is
 * waited for.
 */
export async function followCommand(
  first: Wish,
  time: ProjectTime,
  { api, screen, json, signal }: Context,
): Promise<Wish> {
  let wish = first;
  let away = false;
  let answeredAt = performance.now();
  while (!isOver(wish)) {
    if (!json && !away) screen.progress(commandLine(wish, time.now(), screen.look), aboutOf(wish));
    await sleep(everyMs, undefined, { signal });
    try {
      wish = await api.get<Wish>(`/v1/commands/${first.commandId}`);
      away = false;
      answeredAt = performance.now();
    } catch (error) {
      if (!isPassing(error) || performance.now() - answeredAt > patienceMs) throw error;
      away = true;
      if (!json) screen.progress('The API does not answer; asking again …', 'away');
    }
  }
  return wish;
}

/** What has to change for a line to be about something new: the seconds of a countdown are not. */
const aboutOf = ({ state, position, until, via, riders }: Wish): string =>
  JSON.stringify([state, position, until, via, riders]);
