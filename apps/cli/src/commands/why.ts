import { type Api, projectTime, readClock } from '@paceline/client';
import { defineCommand } from '../command.ts';
import {
  explainCommand,
  explainEvent,
  type Explanation,
  explanationLines,
  explainRun,
  type Surroundings,
} from '../core/why.ts';
import { findCommand, findRun, ifAvailable, ifFound, readNextCalls } from './find.ts';

export const why = defineCommand({
  usage: 'why ID',
  summary: 'why a request, an event or a run waits, and until when',
  details: 'ID of a request, an event or a run; of requests and runs its first characters are enough.',
  takes: ['ID'],
  async run([id = ''], { api, screen, json, printJson }) {
    const explained = await explain(api, id);
    if (json) printJson(explained);
    else screen.print(explanationLines(explained, screen.look));
    return 0;
  },
});

async function explain(api: Api, id: string): Promise<Explanation> {
  const now = projectTime(await readClock(api));
  const event = /^\d+$/.test(id)
    ? await ifFound(api.call('GET /v1/events/{eventId}', { path: { eventId: id } }))
    : undefined;
  if (event) {
    const next = (await readNextCalls(api)).find(({ eventId }) => eventId === id);
    return explainEvent(event, next, await readSurroundings(api), now);
  }
  const command = await findCommand(api, id);
  if (command) return explainCommand(command, await readSurroundings(api), now);
  const run = await findRun(api, id);
  if (run) return explainRun(run, await readSurroundings(api), now);
  throw new Error(`No request, event or run has the id ${id}`);
}

/** What a part that is down provides is missing: that part is the reason then. */
async function readSurroundings(api: Api): Promise<Surroundings> {
  const [health, budgets, queue, schedule, sources] = await Promise.all([
    api.call('GET /v1/health'),
    ifAvailable(api.call('GET /v1/budgets')),
    ifAvailable(api.call('GET /v1/queue')),
    ifAvailable(api.call('GET /v1/schedule')),
    ifAvailable(api.call('GET /v1/sources')),
  ]);
  return { health, budgets: budgets?.items ?? [], queue, schedule, sources: sources?.items ?? [] };
}
