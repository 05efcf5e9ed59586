import { setTimeout as sleep } from 'node:timers/promises';
import { kindNames } from '@paceline/shared/definition';
import type { CommandEnd, RunEnd } from '../core/evidence.ts';
import type { Stage } from './stage.ts';
import { lookAtStreams } from './waiting.ts';
import type { Watch } from './watch.ts';

/** Real ms until what has not come to an end is taken to be stuck. */
const patienceMs = 90_000;

const final = new Set(['done', 'failed', 'expired']);

/**
 * No slot opens any more, and what is in hand comes to its end. Returns what had not when the patience was over: nothing,
 * if all is well.
 */
export async function drain(stage: Stage, watch: Watch): Promise<string[]> {
  const { api, upstream } = stage;
  await upstream.callOff();
  const off = Object.fromEntries(kindNames.map((kind) => [kind, { mode: 'off' }]));
  const giveUp = performance.now() + patienceMs;
  let left = ['nothing was looked at'];
  let isOff = false;
  while (left.length > 0 && performance.now() < giveUp) {
    try {
      isOff ||= (await api.send('PUT', '/v1/schedule', { kinds: off, despiteErrors: true }))?.status === 200;
      left = await unfinished(stage, watch);
      if (!isOff) left = [...left, 'the schedule could not be ended'];
    } catch (error) {
      left = [(error as Error).message];
    }
    if (left.length > 0) await sleep(300);
  }
  return left;
}

async function unfinished(stage: Stage, watch: Watch): Promise<string[]> {
  const { api } = stage;
  const notReady = await watch.notReady();
  if (notReady.length > 0) return notReady;
  const commands = await api.all<CommandEnd>('/v1/commands');
  const open = commands.filter(({ state }) => !final.has(state));
  const running = await api.all<RunEnd>('/v1/runs?state=running');
  const { waiting } = await api.get<{ waiting: number }>('/v1/queue');
  const streams = await lookAtStreams(stage);
  return [
    ...(open.length > 0 ? [`${open.length} commands are open`] : []),
    ...(running.length > 0 ? [`${running.length} runs are running`] : []),
    ...(waiting > 0 ? [`${waiting} wait for a permit`] : []),
    ...streams.waiting,
  ];
}
