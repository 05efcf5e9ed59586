import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ClockReading,
  type Command,
  isTemporary,
  newIdempotencyKey,
  projectTime,
  readClock,
} from '@paceline/client';
import { isFinished } from '@paceline/client/text';
import { type Context, defineCommand, text } from '../command.ts';
import { oneOf, UsageError } from '../core/usage.ts';
import { commandLine, endLines, failedLines, riderLines } from '../core/riders.ts';
import { idsIn } from '../core/ids.ts';

export const addRider = defineCommand({
  usage: 'add-rider ID [--wait=no]',
  about: 'fetch a rider now, and show how it goes until the rider is here',
  more: 'With --wait=no it returns as soon as the command is accepted. Ctrl-C leaves the command where it is: it goes on.',
  takes: ['ID'],
  options: { wait: text },
  async run([id = ''], context, { wait }) {
    if (!/^\d+$/.test(id)) throw new UsageError(`"${id}" is not the id of a rider`);
    const { api, screen, json, document } = context;
    const rider = { riderId: Number(id) };
    const ended = await send(context, wait, async (headers) => {
      const answer = await api.call('POST /v1/riders', { body: rider, headers });
      return 'command' in answer ? answer.command : answer;
    });
    if (!ended) return 0;
    const { command, lines } = ended;
    const isHere = command.state === 'done';
    if (json) document(command);
    else if (isHere)
      screen.endProgress(
        riderLines(await api.call('GET /v1/riders/{riderId}', { path: rider }), screen.look),
      );
    else screen.endProgress(lines);
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
    const { api, screen, json, document } = context;
    const body = { riderIds: idsIn(await context.read(file)) };
    const ended = await send(context, wait, (headers) =>
      api.call('POST /v1/riders/import', { body, headers }),
    );
    if (!ended) return 0;
    const { command, lines } = ended;
    const failed = await api.all('GET /v1/commands/{commandId}/riders', {
      path: { commandId: command.commandId },
      query: { outcome: 'failed' },
    });
    if (json) document({ ...command, failed });
    else {
      screen.endProgress(lines);
      screen.print(failedLines(failed, screen.look));
    }
    return command.state === 'done' && failed.length === 0 ? 0 : 1;
  },
});

/** Sends a command and follows it to its end; undefined with `--wait=no`. @throws {UsageError} */
async function send(
  context: Context,
  wait: string | undefined,
  post: (headers: { 'idempotency-key': string }) => Promise<Command>,
) {
  const waits = oneOf('--wait', wait, ['yes', 'no']) !== 'no';
  const { api, screen, json, document } = context;
  const clock = await readClock(api);
  const accepted = await post({ 'idempotency-key': newIdempotencyKey() });
  if (waits) {
    const command = await followCommand(accepted, clock, context);
    return { command, lines: endLines(command, projectTime(clock), screen.look) };
  }
  if (json) document(accepted);
  else
    screen.print([
      commandLine(accepted, projectTime(clock), screen.look),
      `/v1/commands/${accepted.commandId}`,
    ]);
  return undefined;
}

/** Real ms. */
const everyMs = 250;
const patienceMs = 60_000;

async function followCommand(
  first: Command,
  clock: ClockReading,
  { api, screen, json, signal }: Context,
): Promise<Command> {
  let command = first;
  let away = false;
  let answeredAt = performance.now();
  while (!isFinished(command)) {
    if (!json && !away)
      screen.progress(commandLine(command, projectTime(clock), screen.look), aboutOf(command));
    await sleep(everyMs, undefined, { signal });
    try {
      const { commandId } = first;
      command = await api.call('GET /v1/commands/{commandId}', { path: { commandId } });
      away = false;
      answeredAt = performance.now();
    } catch (error) {
      if (!isTemporary(error) || performance.now() - answeredAt > patienceMs) throw error;
      away = true;
      if (!json) screen.progress('The API does not answer; asking again …', 'away');
    }
  }
  return command;
}

/** What has to change for a line to be about something new: the seconds of a countdown are not. */
const aboutOf = ({ state, position, until, via, riders }: Command): string =>
  JSON.stringify([state, position, until, via, riders]);
