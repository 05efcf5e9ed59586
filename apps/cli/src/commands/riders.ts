import { setTimeout as sleep } from 'node:timers/promises';
import { type ClockReading, type Command, isPassing, newKey, projectTime, readClock } from '@paceline/client';
import { isOver } from '@paceline/client/words';
import { type Context, defineCommand, text } from '../command.ts';
import { oneOf, WrongUsage } from '../core/usage.ts';
import { commandLine, endLines, failedLines, riderLines } from '../core/riders.ts';
import { idsIn } from '../core/ids.ts';

export const addRider = defineCommand({
  usage: 'add-rider ID [--wait=no]',
  about: 'fetch a rider now, and show how it goes until the rider is here',
  more: 'With --wait=no it returns as soon as the command is accepted. Ctrl-C leaves the command where it is: it goes on.',
  takes: ['ID'],
  options: { wait: text },
  async run([id = ''], context, { wait }) {
    const waits = oneOf('--wait', wait, ['yes', 'no']) !== 'no';
    if (!/^\d+$/.test(id)) throw new WrongUsage(`"${id}" is not the id of a rider`);
    const { api, screen, json, document } = context;
    const clock = await readClock(api);
    const accepted = await api.call('POST /v1/riders', {
      body: { riderId: Number(id) },
      headers: { 'idempotency-key': newKey() },
    });
    const command = 'command' in accepted ? accepted.command : accepted;
    if (!waits) return showAccepted(command, clock, context);
    const ended = await followCommand(command, clock, context);
    const isHere = ended.state === 'done';
    if (json) document(ended);
    else
      screen.endProgress(
        isHere
          ? riderLines(
              await api.call('GET /v1/riders/{riderId}', { path: { riderId: Number(id) } }),
              screen.look,
            )
          : endLines(ended, projectTime(clock), screen.look),
      );
    return isHere ? 0 : 1;
  },
});

export const importRiders = defineCommand({
  usage: 'import FILE|- [--wait=no]',
  about: 'fetch many riders, and name at the end those who could not be had',
  more: [
    'One id a line, or CSV with a heading that names the column riderId (zwiftId, zwid and id are understood too).',
    'With - it reads what is piped in. The exit code is 1 when a rider could not be had.',
  ].join('\n'),
  takes: ['FILE'],
  options: { wait: text },
  async run([file = '-'], context, { wait }) {
    const waits = oneOf('--wait', wait, ['yes', 'no']) !== 'no';
    const riderIds = idsIn(await context.read(file));
    const { api, screen, json, document } = context;
    const clock = await readClock(api);
    const command = await api.call('POST /v1/riders/import', {
      body: { riderIds },
      headers: { 'idempotency-key': newKey() },
    });
    if (!waits) return showAccepted(command, clock, context);
    const ended = await followCommand(command, clock, context);
    const failed = await api.all('GET /v1/commands/{commandId}/riders', {
      path: { commandId: ended.commandId },
      query: { outcome: 'failed' },
    });
    if (json) document({ ...ended, failed });
    else {
      screen.endProgress(endLines(ended, projectTime(clock), screen.look));
      screen.print(failedLines(failed, screen.look));
    }
    return ended.state === 'done' && failed.length === 0 ? 0 : 1;
  },
});

function showAccepted(command: Command, clock: ClockReading, { screen, json, document }: Context): 0 {
  if (json) document(command);
  else
    screen.print([
      commandLine(command, projectTime(clock), screen.look),
      `/v1/commands/${command.commandId}`,
    ]);
  return 0;
}

/** Real ms. */
const everyMs = 250;
const patienceMs = 60_000;

/** Shows the progress of a command until it has ended. An API that is away for a minute is waited for. */
async function followCommand(
  first: Command,
  clock: ClockReading,
  { api, screen, json, signal }: Context,
): Promise<Command> {
  let command = first;
  let away = false;
  let answeredAt = performance.now();
  while (!isOver(command)) {
    if (!json && !away)
      screen.progress(commandLine(command, projectTime(clock), screen.look), aboutOf(command));
    await sleep(everyMs, undefined, { signal });
    try {
      const { commandId } = first;
      command = await api.call('GET /v1/commands/{commandId}', { path: { commandId } });
      away = false;
      answeredAt = performance.now();
    } catch (error) {
      if (!isPassing(error) || performance.now() - answeredAt > patienceMs) throw error;
      away = true;
      if (!json) screen.progress('The API does not answer; asking again …', 'away');
    }
  }
  return command;
}

/** What has to change for a line to be about something new: the seconds of a countdown are not. */
const aboutOf = ({ state, position, until, via, riders }: Command): string =>
  JSON.stringify([state, position, until, via, riders]);
