import { setTimeout as sleep } from 'node:timers/promises';
import {
  ApiProblem,
  type ClockReading,
  follow,
  projectTime,
  readClock,
  streamTypes,
  Unreachable,
} from '@paceline/client';
import { type Context, defineCommand, flag, text } from '../command.ts';
import { wholeNumber, UsageError } from '../core/usage.ts';
import { alertLines, eventLines } from '../core/events.ts';
import { type StatusPart, type Status, statusLines } from '../core/windows.ts';

/** Real ms between two looks. */
const everyMs = 1_000;

export const status = defineCommand({
  usage: 'status [--watch]',
  about: 'the windows, who is next, what is paused, what is wrong',
  more: [
    'Each bar is one window back and one ahead, with now (│) in its middle. A stroke is a call: it moves left and is free',
    'again when it falls off. The line goes on to where the next call is free. --watch redraws it every second.',
  ].join('\n'),
  options: { watch: flag },
  async run(_, context, { watch }) {
    const { api, json, screen, document } = context;
    if (watch && json) throw new UsageError('--watch is for people; tail --json is for programs');
    const clock = await readClock(api);
    if (watch) return keepWatching(context, clock);
    const found = await readStatus(context, clock);
    if (json) document(documentOf(found));
    else screen.print(statusLines(found, projectTime(clock), screen.look));
    // Without the windows there is no answer to "can I call now?".
    return 'is' in found.budgets ? 0 : 1;
  },
});

async function keepWatching(context: Context, clock: ClockReading): Promise<never> {
  const { screen, signal } = context;
  let lines: readonly string[] = [];
  screen.clear();
  for (;;) {
    try {
      lines = statusLines(await readStatus(context, clock), projectTime(clock), screen.look);
      screen.repaint(lines);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      screen.repaint([screen.look.paint.wrong(`${error.message}; asking again …`), ...lines.slice(1)]);
    }
    await sleep(everyMs, undefined, { signal });
  }
}

async function readStatus({ api }: Context, clock: ClockReading): Promise<Status> {
  const part = <T>(answer: Promise<T>): Promise<StatusPart<T>> =>
    answer.then(
      (is) => ({ is }),
      (error: unknown) => {
        if (error instanceof ApiProblem && error.status === 503) return { away: error.message };
        throw error;
      },
    );
  const [budgets, queue, alerts, commands, schedule] = await Promise.all([
    part(api.call('GET /v1/budgets')),
    part(api.call('GET /v1/queue')),
    part(api.call('GET /v1/alerts', { query: { state: 'open' } })),
    part(api.call('GET /v1/commands', { query: { limit: 20 } })),
    part(api.call('GET /v1/schedule')),
  ]);
  return {
    clock: { now: new Date(projectTime(clock)).toISOString(), scale: clock.scale },
    budgets,
    queue,
    alerts,
    commands,
    schedule,
  };
}

function documentOf({ clock, budgets, queue, alerts, schedule }: Status) {
  const of = <T>(part: StatusPart<T>) => ('is' in part ? part.is : null);
  return {
    clock,
    budgets: of(budgets)?.items ?? null,
    queue: of(queue),
    alerts: of(alerts)?.items ?? null,
    schedule: of(schedule),
  };
}

export const alerts = defineCommand({
  usage: 'alerts [--all]',
  about: 'what is wrong, why, since when, and what to do',
  more: '--all shows also what is over, newest first.',
  options: { all: flag },
  async run(_, { api, screen, json, document }, { all }) {
    const list = await api.call('GET /v1/alerts', { query: { limit: 50, state: all ? undefined : 'open' } });
    if (json) document(list);
    else screen.print(alertLines(list.items, screen.look));
    return 0;
  },
});

export const tail = defineCommand({
  usage: 'tail [--types=A,B] [--after=ID]',
  about: 'what happens, as it happens, until Ctrl-C',
  more: [
    `Types: ${streamTypes.join(', ')}.`,
    'After a broken connection it goes on where it was, each thing once; --after goes on behind an id. --json writes a line',
    'for each: type, id, data.',
  ].join('\n'),
  options: { types: text, after: text },
  async run(_, { api, screen, json, document, say, signal }, values) {
    const after = wholeNumber('--after', values.after);
    const clock = await readClock(api);
    const options = { types: values.types?.split(','), after, signal };
    for await (const event of follow(api, options, (why) => say(`${why}; connecting again …`))) {
      if (json) document(event, 'line');
      else screen.print(eventLines(event, projectTime(clock), screen.look));
    }
    return 0;
  },
});
