import { type BudgetName, type InputOf, projectTime, readClock, type SyncKind } from '@paceline/client';
import { budgetNames, kindNames, parseDuration } from '@paceline/shared/definition';
import { type Context, defineCommand, text } from '../command.ts';
import { oneOf, UsageError } from '../core/usage.ts';
import { windowLines } from '../core/windows.ts';
import { changeSchedule } from './schedule.ts';

const syncOf = (kind: SyncKind) => `${kind}-sync`;
const targets = [`BUDGET: ${budgetNames.join(', ')}`, `SYNC: ${kindNames.map(syncOf).join(', ')}`].join('\n');

export const pause = defineCommand({
  usage: 'pause BUDGET [--for=TIME] | SYNC',
  summary: 'pause the calls of one rate limit, or turn a sync off',
  details: [
    targets,
    'TIME: such as 90s, 15m or 6h; default 1h',
    'No calls start while a budget is paused. A sync opens no new slots until you resume it.',
  ].join('\n'),
  takes: ['BUDGET or SYNC'],
  options: { for: text },
  async run([name = ''], context, values) {
    const target = targetOf(name);
    if ('kind' in target) {
      if (values.for !== undefined)
        throw new UsageError('--for applies to budgets only; a sync stays off until you resume it');
      // Despite errors in the schedule: fewer slots can't make them worse.
      return changeSchedule(context, { kinds: { [target.kind]: { mode: 'off' } } }, true);
    }
    const forMs = parseDuration(values.for ?? '1h');
    if (forMs === undefined) throw new UsageError('--for must be a duration such as "90s", "15m" or "6h"');
    const body = { forSeconds: Math.ceil(forMs / 1_000) };
    return show(context, context.api.call('PUT /v1/budgets/{budget}/pause', { path: target, body }));
  },
});

export const resume = defineCommand({
  usage: 'resume BUDGET [--by=upstream] | SYNC',
  summary: 'end a pause early, or turn a sync back on',
  details: `${targets}\n--by=upstream ends a pause caused by a 429; a single trial call starts first.`,
  takes: ['BUDGET or SYNC'],
  options: { by: text },
  async run([name = ''], context, values) {
    const by = oneOf('--by', values.by, ['operator', 'upstream']);
    const target = targetOf(name);
    if ('kind' in target) {
      if (by !== undefined) throw new UsageError('--by applies to budgets only');
      return changeSchedule(context, { kinds: { [target.kind]: { mode: 'on' } } }, false);
    }
    const input: InputOf<'DELETE /v1/budgets/{budget}/pause'> = { path: target, query: { by } };
    return show(context, context.api.call('DELETE /v1/budgets/{budget}/pause', input));
  },
});

function targetOf(name: string): { budget: BudgetName } | { kind: SyncKind } {
  const budget = budgetNames.find((each) => each === name);
  if (budget) return { budget };
  const kind = kindNames.find((each) => syncOf(each) === name);
  if (kind) return { kind };
  throw new UsageError(`"${name}" is neither a budget nor a sync\n${targets}`);
}

async function show(
  { api, screen, json, printJson }: Context,
  response: ReturnType<typeof api.call<'GET /v1/budgets/{budget}'>>,
): Promise<0> {
  const budget = await response;
  if (json) printJson(budget);
  else screen.print(windowLines(budget, [], projectTime(await readClock(api)), screen.look));
  return 0;
}
