import {
  type ClockReading,
  type Command,
  type ConnectionWatcher,
  followCommand,
  newIdempotencyKey,
  projectTime,
  readClock,
  Unreachable,
} from '@paceline/client';
import { readRoster } from '@paceline/client/roster';
import { isFinished } from '@paceline/client/text';
import { type Context, defineCommand, flag, text } from '../command.ts';
import { oneOf, UsageError } from '../core/usage.ts';
import { shortId } from '../core/requests.ts';
import {
  commandLine,
  finalLines,
  failedLines,
  refusedMessage,
  riderLines,
  rosterLines,
} from '../core/add.ts';

export const addRider = defineCommand({
  usage: 'add-rider ID [--wait=no]',
  summary: 'fetch a rider now and follow the progress',
  details:
    '--wait=no returns as soon as the request is accepted. Ctrl-C stops following; the request continues.',
  takes: ['ID'],
  options: { wait: text },
  async run([id = ''], context, { wait }) {
    if (!/^\d+$/.test(id)) throw new UsageError(`"${id}" is not a rider id`);
    const { api, screen, json, printJson } = context;
    const rider = { riderId: Number(id) };
    const finished = await send(context, wait, (headers) =>
      api.call('POST /v1/riders', { body: rider, headers }),
    );
    if (!finished) return 0;
    const { command, lines } = finished;
    const isAdded = command.state === 'done';
    if (json) printJson(command);
    else if (isAdded)
      screen.endProgress(
        riderLines(await api.call('GET /v1/riders/{riderId}', { path: rider }), screen.look),
      );
    else screen.endProgress(lines);
    return isAdded ? 0 : 1;
  },
});

export const importRiders = defineCommand({
  usage: 'import FILE|- [--preview] [--skip-invalid] [--wait=no]',
  summary: 'fetch many riders and list those that failed',
  details: [
    'FILE is a list of rider ids, or CSV with a header row and a column riderId (or zwiftId, zwid, id).',
    '- reads from stdin. Empty lines and comments (# and a space; in a list also #) are skipped.',
    '--preview only shows what would be imported. --skip-invalid imports the rest when some lines have no clear rider id.',
    '--wait=no returns as soon as the request is accepted. Exits with 1 if any rider failed.',
  ].join('\n'),
  takes: ['FILE'],
  options: { wait: text, preview: flag, 'skip-invalid': flag },
  async run([file = '-'], context, { wait, preview, 'skip-invalid': skipInvalid }) {
    const { api, screen, json, printJson } = context;
    const roster = readRoster(await context.read(file));
    if (preview) {
      if (json) printJson(roster);
      else screen.print(rosterLines(roster, screen.look));
      return roster.refused.length > 0 ? 1 : 0;
    }
    const isClear = roster.refused.length === 0 || skipInvalid;
    if (roster.riders.length === 0 || !isClear) throw new UsageError(refusedMessage(roster));
    if (!json) screen.print(rosterLines(roster, screen.look));
    const body = { riderIds: roster.riders.map(({ riderId }) => riderId) };
    const finished = await send(context, wait, (headers) =>
      api.call('POST /v1/riders/import', { body, headers }),
    );
    if (!finished) return 0;
    const { command, lines } = finished;
    const failed = await api.all('GET /v1/commands/{commandId}/riders', {
      path: { commandId: command.commandId },
      query: { outcome: 'failed' },
    });
    if (json) printJson({ ...command, failed });
    else {
      screen.endProgress(lines);
      screen.print(failedLines(failed, screen.look));
    }
    return command.state === 'done' && failed.length === 0 ? 0 : 1;
  },
});

/** Sends a command and follows it until it has finished; undefined with `--wait=no`. @throws {UsageError} */
async function send(
  context: Context,
  wait: string | undefined,
  post: (headers: { 'idempotency-key': string }) => Promise<Command>,
) {
  const waits = oneOf('--wait', wait, ['yes', 'no']) !== 'no';
  const { api, screen, json, printJson } = context;
  const clock = await readClock(api);
  const accepted = await post({ 'idempotency-key': newIdempotencyKey() });
  if (waits) {
    const command = await followToEnd(accepted, clock, context);
    return { command, lines: finalLines(command, projectTime(clock), screen.look) };
  }
  if (json) printJson(accepted);
  else
    screen.print([
      commandLine(accepted, projectTime(clock), screen.look),
      screen.look.paint.muted(`paceline why ${shortId(accepted.commandId)} says what it waits for.`),
    ]);
  return undefined;
}

/** Real ms. */
const redrawMs = 1_000;
/** Without a connection for this long, following ends with an error. */
const giveUpAfterMs = 60_000;

async function followToEnd(
  first: Command,
  clock: ClockReading,
  { api, screen, json, signal }: Context,
): Promise<Command> {
  let command = first;
  let lost: string | undefined;
  const givingUp = new AbortController();
  let giveUp: NodeJS.Timeout | undefined;
  const draw = () => {
    if (json) return;
    const line = lost ?? commandLine(command, projectTime(clock), screen.look);
    screen.progress(line, lost ?? progressKey(command));
  };
  const watcher: ConnectionWatcher = {
    // The stream is silent until the command changes.
    onConnect() {
      clearTimeout(giveUp);
      giveUp = lost = undefined;
    },
    onDisconnect(reason) {
      lost = `${reason}; reconnecting …`;
      giveUp ??= setTimeout(() => givingUp.abort(new Unreachable(reason)), giveUpAfterMs);
      draw();
    },
  };
  const redrawing = setInterval(draw, redrawMs);
  try {
    const either = AbortSignal.any([signal, givingUp.signal]);
    for await (const changed of followCommand(api, first.commandId, { signal: either }, watcher)) {
      command = changed;
      if (!isFinished(command)) draw();
    }
  } finally {
    clearInterval(redrawing);
    clearTimeout(giveUp);
  }
  return command;
}

/** Progress is new when this changes; a countdown alone is not. */
const progressKey = ({ state, position, until, via, riders }: Command): string =>
  JSON.stringify([state, position, until, via, riders]);
