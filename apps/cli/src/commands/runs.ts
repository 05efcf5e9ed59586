import { type Api, ApiProblem, type InputOf, projectTime, readClock, type RunDetail } from '@paceline/client';
import { kindNames } from '@paceline/shared/definition';
import { defineCommand, text } from '../command.ts';
import { UsageError } from '../core/usage.ts';
import { runLines, runsLines } from '../core/runs.ts';

export const runs = defineCommand({
  usage: 'runs [--kind=KIND] [--state=STATE] [--limit=N]',
  about: 'what the syncs did, newest first',
  more: `KIND: ${kindNames.join(', ')}. STATE: running, done, failed. N: default 20, max 500.`,
  options: { kind: text, state: text, limit: text },
  async run(_, { api, screen, json, document }, values) {
    // What is wrong with them the API says.
    const query = { limit: 20, ...values } as InputOf<'GET /v1/runs'>['query'];
    const list = await api.call('GET /v1/runs', { query });
    if (json) document(list);
    else screen.print(runsLines(list.items, projectTime(await readClock(api)), screen.look));
    return 0;
  },
});

export const run = defineCommand({
  usage: 'run ID',
  about: 'one run: its calls, and why each was made',
  more: 'The beginning of an id will do, as `runs` shows it.',
  takes: ['ID'],
  async run([id = ''], { api, screen, json, document }) {
    const found = await findRun(api, id);
    if (json) document(found);
    else screen.print(runLines(found, projectTime(await readClock(api)), screen.look));
    return 0;
  },
});

async function findRun(api: Api, id: string): Promise<RunDetail> {
  const named = (runId: string) => api.call('GET /v1/runs/{runId}', { path: { runId } });
  try {
    return await named(id);
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 404) throw error;
    const { items } = await api.call('GET /v1/runs', { query: { limit: 500 } });
    const [one, other] = items.filter((each) => each.id.startsWith(id));
    if (!one) throw error;
    if (other) throw new UsageError(`Several runs begin with ${id}`);
    return named(one.id);
  }
}
