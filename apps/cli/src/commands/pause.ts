import { duration } from '@paceline/shared/config';
import { budgets } from '@paceline/dashboard/palette';
import type { Budget, BudgetName, SyncKind } from '../api/shapes.ts';
import { oneOf, readArguments, text, WrongUsage } from '../arguments.ts';
import type { Command, Context } from '../command.ts';
import { windowLines } from '../core/status.ts';
import { projectTime } from '../project-time.ts';
import { put } from './schedule.ts';

const kinds = ['rider', 'near', 'far', 'results'] as const satisfies readonly SyncKind[];

const what = [
  'BUDGET: clubs, riders_bulk, riders_single, results, events, signups: nobody calls there meanwhile.',
  'SYNC: rider-sync, near-sync, far-sync, results-sync: its slots open no more.',
].join('\n');

export const pause: Command = {
  usage: 'pause BUDGET [--for=TIME] | SYNC',
  about: 'let nobody call upstream there for a while, or stop a kind of sync',
  more: `${what}\nTIME: 90s, 15m, 6h; an hour unless told. A sync stays off until it is resumed.`,
  async run(args, context) {
    const { values, given } = readArguments(args, ['BUDGET or SYNC'], { for: text });
    const target = targetOf(given[0] ?? '');
    if ('kind' in target) {
      if (values.for !== undefined)
        throw new WrongUsage('--for is for budgets; a sync stays off until it is resumed');
      // Whatever is wrong with the schedule: fewer slots don't make it worse.
      return put(context, { kinds: { [target.kind]: { mode: 'off' } } }, true);
    }
    const forSeconds = Math.ceil(durationOf(values.for ?? '1h') / 1_000);
    return steer(context, target.budget, 'PUT', { forSeconds });
  },
};

export const resume: Command = {
  usage: 'resume BUDGET [--by=upstream] | SYNC',
  about: 'end a pause before its time, or let a kind of sync go on',
  more: `${what}\n--by=upstream ends the pause that a 429 has brought: one call goes ahead alone.`,
  async run(args, context) {
    const { values, given } = readArguments(args, ['BUDGET or SYNC'], { by: text });
    const by = oneOf('--by', values.by, ['operator', 'upstream']);
    const target = targetOf(given[0] ?? '');
    if ('kind' in target) {
      if (by !== undefined) throw new WrongUsage('--by is for budgets');
      return put(context, { kinds: { [target.kind]: { mode: 'on' } } }, false);
    }
    return steer(context, target.budget, 'DELETE', undefined, by);
  },
};

function targetOf(name: string): { budget: BudgetName } | { kind: SyncKind } {
  const budget = budgets.find((each) => each === name);
  if (budget) return { budget };
  const kind = kinds.find((each) => `${each}-sync` === name);
  if (kind) return { kind };
  throw new WrongUsage(`"${name}" is neither a budget nor a sync\n${what}`);
}

function durationOf(said: string): number {
  const read = duration.safeParse(said);
  if (!read.success) throw new WrongUsage(`--for ${read.error.issues[0]?.message}`);
  return read.data;
}

async function steer(
  { api, screen, json, document }: Context,
  budget: BudgetName,
  method: 'PUT' | 'DELETE',
  body: unknown,
  by?: string,
): Promise<0> {
  const query = by === undefined ? '' : `?by=${by}`;
  const found = await api.ask<Budget>(method, `/v1/budgets/${budget}/pause${query}`, { body });
  if (json) document(found);
  else screen.print(windowLines(found, [], (await projectTime(api)).now(), screen.look));
  return 0;
}
