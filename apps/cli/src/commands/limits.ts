import { learnUpstreams, projectTime, readClock } from '@paceline/client';
import { budgetNames, parseDuration } from '@paceline/shared/definition';
import { defineCommand, flag } from '../command.ts';
import { limitsLines, queueLines } from '../core/limits.ts';
import { isBudget, UsageError } from '../core/usage.ts';

export const queue = defineCommand({
  usage: 'queue',
  summary: 'every request that waits for a call, in order, with its estimate',
  async run(_, { api, screen, json, printJson }) {
    const [found] = await Promise.all([api.call('GET /v1/queue'), learnUpstreams(api)]);
    if (json) printJson(found);
    else screen.print(queueLines(found, projectTime(await readClock(api)), screen.look));
    return 0;
  },
});

export const limits = defineCommand({
  usage: 'limits',
  summary: 'the rate limits in force: where each comes from, what is available now',
  async run(_, { api, screen, json, printJson }) {
    const [list] = await Promise.all([api.call('GET /v1/budgets'), learnUpstreams(api)]);
    if (json) printJson(list);
    else screen.print(limitsLines(list.items, projectTime(await readClock(api)), screen.look));
    return 0;
  },
});

export const limit = defineCommand({
  usage: 'limit BUDGET CALLS/TIME|--reset',
  summary: 'set a rate limit, or reset it to the documented one',
  details: [
    'CALLS/TIME: such as 5/1m or 1/60m. It applies until upstream reports a stricter one.',
    'With a longer time than before, no calls start until it has passed once.',
  ].join('\n'),
  takes: ['BUDGET', '[CALLS/TIME]'],
  choices: { BUDGET: budgetNames },
  options: { reset: flag },
  async run([budget = '', setting], { api, screen, json, printJson }, { reset }) {
    if (!isBudget(budget))
      throw new UsageError(`BUDGET must be one of ${budgetNames.join(', ')}, or as weather:day`);
    const path = { budget };
    if (reset === (setting !== undefined))
      throw new UsageError('Give either a limit such as 1/60m, or --reset');
    const found =
      setting === undefined
        ? await api.call('DELETE /v1/budgets/{budget}/policy', { path })
        : await api.call('PUT /v1/budgets/{budget}/policy', { path, body: policyOf(setting) });
    await learnUpstreams(api);
    if (json) printJson(found);
    else screen.print(limitsLines([found], projectTime(await readClock(api)), screen.look));
    return 0;
  },
});

/** @throws {UsageError} */
function policyOf(text: string) {
  const [, calls, time] = /^(\d{1,6})\/(.+)$/.exec(text) ?? [];
  const windowMs = time === undefined ? undefined : parseDuration(time);
  if (windowMs === undefined) throw new UsageError(`"${text}" must look like 5/1m or 1/60m`);
  return { limit: Number(calls), windowSeconds: windowMs / 1_000 };
}
