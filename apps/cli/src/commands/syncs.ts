import type { SyncKind, TriggeredRun } from '@paceline/client';
import { kindNames } from '@paceline/shared/definition';
import { type Context, defineCommand } from '../command.ts';
import { triggeredLines } from '../core/runs.ts';
import { oneOf } from '../core/usage.ts';
import { findRun, required } from './find.ts';

export const trigger = defineCommand({
  usage: 'trigger KIND',
  summary: 'run a sync now, outside its slots, for up to 10 minutes',
  takes: ['KIND'],
  choices: { KIND: kindNames },
  async run([name], context) {
    const kind = oneOf('KIND', name, kindNames) as SyncKind;
    return show(await context.api.call('POST /v1/syncs/{kind}/trigger', { path: { kind } }), context);
  },
});

export const retry = defineCommand({
  usage: 'retry RUN',
  summary: 'retry what a run failed or deferred, in a new run',
  details: 'RUN: its id, or the first characters of it, as `paceline runs` prints them.',
  takes: ['RUN'],
  async run([id = ''], context) {
    const { runId } = required(await findRun(context.api, id), `Run ${id}`);
    return show(await context.api.call('POST /v1/runs/{runId}/retry', { path: { runId } }), context);
  },
});

function show(triggered: TriggeredRun, { json, printJson, screen }: Context): 0 {
  if (json) printJson(triggered);
  else screen.print(triggeredLines(triggered, screen.look));
  return 0;
}
