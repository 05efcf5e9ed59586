import { type InputOf, projectTime, queryValues, readClock } from '@paceline/client';
import { kindNames, parseDuration } from '@paceline/shared/definition';
import { defineCommand, text } from '../command.ts';
import { UsageError, wholeNumber } from '../core/usage.ts';
import { failureLines, runLines, runsLines } from '../core/runs.ts';
import { findRun, required } from './find.ts';

const { state: states } = queryValues['GET /v1/runs'];

export const runs = defineCommand({
  usage: 'runs [--kind=KIND] [--state=STATE] [--limit=N]',
  summary: 'recent sync runs, newest first',
  details: 'N: default 20, max 500.',
  choices: { KIND: kindNames, STATE: states },
  options: { kind: text, state: text, limit: text },
  async run(_, { api, screen, json, printJson }, values) {
    // The API validates the values.
    const query = { limit: 20, ...values } as InputOf<'GET /v1/runs'>['query'];
    const list = await api.call('GET /v1/runs', { query });
    if (json) printJson(list);
    else screen.print(runsLines(list.items, projectTime(await readClock(api)), screen.look));
    return 0;
  },
});

export const failures = defineCommand({
  usage: 'failures [--since=TIME] [--limit=N]',
  summary: 'what failed and why: runs, calls, requests, riders of imports',
  details: 'TIME: how far back, such as 30m, 6h or 2d; default 1h. N: default 100, max 500.',
  options: { since: text, limit: text },
  async run(_, { api, screen, json, printJson }, { since = '1h', limit }) {
    const sinceMs = parseDuration(since);
    if (sinceMs === undefined) throw new UsageError('--since must be a duration such as "30m", "6h" or "2d"');
    const from = new Date(projectTime(await readClock(api)) - sinceMs).toISOString();
    const query: InputOf<'GET /v1/failures'>['query'] = { since: from, limit: wholeNumber('--limit', limit) };
    const list = await api.call('GET /v1/failures', { query });
    if (json) printJson(list);
    else screen.print(failureLines(list, screen.look));
    return 0;
  },
});

export const run = defineCommand({
  usage: 'run ID',
  summary: 'one run, with its calls and the reason for each',
  details: 'ID can be shortened to its first characters, as `paceline runs` prints it.',
  takes: ['ID'],
  async run([id = ''], { api, screen, json, printJson }) {
    const found = required(await findRun(api, id), `Run ${id}`);
    if (json) printJson(found);
    else screen.print(runLines(found, projectTime(await readClock(api)), screen.look));
    return 0;
  },
});
