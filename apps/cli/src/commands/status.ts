import { setTimeout as sleep } from 'node:timers/promises';
import {
  ApiProblem,
  type ClockReading,
  follow,
  learnUpstreams,
  projectTime,
  readClock,
  streamTypes,
  Unreachable,
} from '@paceline/client';
import { type Context, defineCommand, flag, text } from '../command.ts';
import { wholeNumber, UsageError } from '../core/usage.ts';
import { alertLines, eventLines } from '../core/changes.ts';
import { type StatusPart, type Status, statusLines } from '../core/windows.ts';

/** Real ms. */
const refreshIntervalMs = 1_000;

export const status = defineCommand({
  usage: 'status [--watch]',
  summary: 'rate limits, queue, syncs and open alerts',
  details: [
    'Each bar shows one window of the rate limit before now (│) and one after. A stroke is a call; it moves left and stops',
    'counting when it leaves the bar. The line (─) ends where the next call is available. --watch redraws every second.',
    'Exits with 69 if a part is down: broker, database, a service or ZwiftRacing.',
  ].join('\n'),
  options: { watch: flag },
  async run(_, context, { watch }) {
    const { api, json, screen, printJson } = context;
    if (watch && json)
      throw new UsageError('--watch and --json exclude each other; see paceline tail --json');
    const [clock] = await Promise.all([readClock(api), learnUpstreams(api)]);
    if (watch) return watchStatus(context, clock);
    const found = await readStatus(context, clock);
    if (json) printJson(documentOf(found));
    else screen.print(statusLines(found, projectTime(clock), screen.look));
    // Without the budgets, "can I call now?" stays open.
    return found.health.healthy && 'value' in found.budgets ? 0 : 69;
  },
});

async function watchStatus(context: Context, clock: ClockReading): Promise<never> {
  const { screen, signal } = context;
  screen.clear();
  for (;;) {
    try {
      screen.repaint(statusLines(await readStatus(context, clock), projectTime(clock), screen.look));
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      // The last status would look like the current one.
      screen.repaint([screen.look.paint.error(`${error.message}; retrying …`), 'Status unknown.']);
    }
    await sleep(refreshIntervalMs, undefined, { signal });
  }
}

async function readStatus({ api }: Context, clock: ClockReading): Promise<Status> {
  const part = <T>(response: Promise<T>): Promise<StatusPart<T>> =>
    response.then(
      (value) => ({ value }),
      (error: unknown) => {
        if (error instanceof ApiProblem && error.status === 503) return { error: error.message };
        throw error;
      },
    );
  const [health, budgets, queue, alerts, commands, schedule] = await Promise.all([
    api.call('GET /v1/health'),
    part(api.call('GET /v1/budgets')),
    part(api.call('GET /v1/queue')),
    part(api.call('GET /v1/alerts', { query: { state: 'open' } })),
    part(api.call('GET /v1/commands', { query: { limit: 20 } })),
    part(api.call('GET /v1/schedule')),
  ]);
  return {
    clock: { now: new Date(projectTime(clock)).toISOString(), scale: clock.scale },
    health,
    budgets,
    queue,
    alerts,
    commands,
    schedule,
  };
}

function documentOf({ clock, health, budgets, queue, alerts, schedule }: Status) {
  const of = <T>(part: StatusPart<T>) => ('value' in part ? part.value : null);
  return {
    clock,
    health,
    budgets: of(budgets)?.items ?? null,
    queue: of(queue),
    alerts: of(alerts)?.items ?? null,
    schedule: of(schedule),
  };
}

export const alerts = defineCommand({
  usage: 'alerts [--all]',
  summary: 'open alerts: what is wrong, since when, and what to do',
  details: '--all includes resolved alerts, newest first.',
  options: { all: flag },
  async run(_, { api, screen, json, printJson }, { all }) {
    const list = await api.call('GET /v1/alerts', { query: { limit: 50, state: all ? undefined : 'open' } });
    if (json) printJson(list);
    else screen.print(alertLines(list.items, screen.look));
    return 0;
  },
});

export const tail = defineCommand({
  usage: 'tail [--types=TYPES] [--after=ID]',
  summary: 'live changes of runs, requests, calls and alerts, until Ctrl-C',
  details: [
    'Several types are separated by commas.',
    'Reconnects when the connection breaks; each change is printed once. --after=ID starts after the change with that id.',
    '--json prints one line per change: type, id, data.',
  ].join('\n'),
  choices: { TYPES: streamTypes },
  options: { types: text, after: text },
  async run(_, { api, screen, json, printJson, warn, signal }, values) {
    const after = wholeNumber('--after', values.after);
    const [clock] = await Promise.all([readClock(api), learnUpstreams(api)]);
    const options = { types: values.types?.split(','), after, signal };
    const onDisconnect = (reason: string) => warn(`${reason}; reconnecting …`);
    for await (const event of follow(api, options, { onDisconnect })) {
      if (json) printJson(event, 'line');
      else screen.print(eventLines(event, projectTime(clock), screen.look));
    }
    return 0;
  },
});
