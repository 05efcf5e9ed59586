import {
  type InputOf,
  learnUpstreams,
  projectTime,
  queryValues,
  readClock,
  type SyncKind,
} from '@paceline/client';
import { budgetNames, kindNames, parseDuration } from '@paceline/shared/definition';
import { type Context, defineCommand, text } from '../command.ts';
import { isBudget, oneOf, UsageError } from '../core/usage.ts';
import { windowLines } from '../core/windows.ts';
import { showSchedule } from './schedule.ts';

const syncOf = (kind: SyncKind) => `${kind}-sync`;
const choices = { BUDGET: budgetNames, SYNC: kindNames.map(syncOf) };
const { by: pausedBy } = queryValues['DELETE /v1/budgets/{budget}/pause'];

export const pause = defineCommand({
  usage: 'pause BUDGET|SYNC [--for=TIME]',
  summary: 'pause the calls of one rate limit, or a sync',
  details: [
    'TIME: such as 90s, 15m or 6h; default 1h',
    'No calls start while a budget is paused. A paused sync opens no slots; near-sync makes no urgent calls either.',
    'To turn a sync off until you turn it on again: paceline schedule set near.mode=off',
  ].join('\n'),
  takes: ['BUDGET|SYNC'],
  choices,
  options: { for: text },
  async run([name = ''], context, values) {
    const target = targetOf(name);
    const forMs = parseDuration(values.for ?? '1h');
    if (forMs === undefined) throw new UsageError('--for must be a duration such as "90s", "15m" or "6h"');
    const body = { forSeconds: Math.ceil(forMs / 1_000) };
    if ('kind' in target)
      return showSchedule(
        await context.api.call('PUT /v1/syncs/{kind}/pause', { path: target, body }),
        context,
      );
    return show(context, context.api.call('PUT /v1/budgets/{budget}/pause', { path: target, body }));
  },
});

export const resume = defineCommand({
  usage: 'resume BUDGET|SYNC [--by=upstream]',
  summary: 'end a pause early',
  details: '--by=upstream ends the pause of a budget after a 429; a single trial call starts first.',
  takes: ['BUDGET|SYNC'],
  choices: { ...choices, BY: pausedBy },
  options: { by: text },
  async run([name = ''], context, values) {
    const by = oneOf('--by', values.by, pausedBy);
    const target = targetOf(name);
    if ('kind' in target) {
      if (by !== undefined) throw new UsageError('--by applies to budgets only');
      return showSchedule(await context.api.call('DELETE /v1/syncs/{kind}/pause', { path: target }), context);
    }
    const input: InputOf<'DELETE /v1/budgets/{budget}/pause'> = { path: target, query: { by } };
    return show(context, context.api.call('DELETE /v1/budgets/{budget}/pause', input));
  },
});

function targetOf(name: string): { budget: string } | { kind: SyncKind } {
  if (isBudget(name)) return { budget: name };
  const kind = kindNames.find((each) => syncOf(each) === name);
  if (kind) return { kind };
  throw new UsageError(`"${name}" is neither a budget nor a sync`);
}

async function show(
  { api, screen, json, printJson }: Context,
  response: ReturnType<typeof api.call<'GET /v1/budgets/{budget}'>>,
): Promise<0> {
  const [budget] = await Promise.all([response, learnUpstreams(api)]);
  if (json) printJson(budget);
  else screen.print(windowLines([budget], [], projectTime(await readClock(api)), screen.look));
  return 0;
}
