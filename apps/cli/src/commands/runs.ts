import type { List, Run, RunDetail } from '../api/shapes.ts';
import { ApiProblem } from '../api/problem.ts';
import type { Api } from '../api/client.ts';
import { readArguments, text, WrongUsage } from '../arguments.ts';
import type { Command } from '../command.ts';
import { runLines, runsLines } from '../core/run-lines.ts';
import { projectTime } from '../project-time.ts';

export const runs: Command = {
  usage: 'runs [--kind=KIND] [--state=STATE] [--limit=N]',
  about: 'what the syncs did, newest first',
  more: 'KIND: rider, near, far, results. STATE: running, done, failed. N: 20 unless told, 500 at the most.',
  async run(args, { api, screen, json, document }) {
    const { values } = readArguments(args, [], { kind: text, state: text, limit: text });
    const query = new URLSearchParams({ limit: '20', ...values });
    const list = await api.get<List<Run>>(`/v1/runs?${query.toString()}`);
    if (json) document(list);
    else screen.print(runsLines(list.items, (await projectTime(api)).now(), screen.look));
    return 0;
  },
};

export const run: Command = {
  usage: 'run ID',
  about: 'one run: its calls, and why each was made',
  more: 'The beginning of an id will do, as `runs` shows it.',
  async run(args, { api, screen, json, document }) {
    const [id = ''] = readArguments(args, ['ID'], {}).given;
    const found = await findRun(api, id);
    if (json) document(found);
    else screen.print(runLines(found, (await projectTime(api)).now(), screen.look));
    return 0;
  },
};

/** By its id, or by the beginning of it. */
async function findRun(api: Api, id: string): Promise<RunDetail> {
  const named = (name: string) => api.get<RunDetail>(`/v1/runs/${encodeURIComponent(name)}`);
  try {
    return await named(id);
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 404) throw error;
    const { items } = await api.get<List<Run>>('/v1/runs?limit=500');
    const [one, other] = items.filter((each) => each.id.startsWith(id));
    if (!one) throw error;
    if (other) throw new WrongUsage(`Several runs begin with ${id}`);
    return named(one.id);
  }
}
