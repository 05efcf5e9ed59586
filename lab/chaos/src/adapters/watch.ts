import { setTimeout as sleep } from 'node:timers/promises';
import { catalog } from '@paceline/shared/contracts';
import { kindNames } from '@paceline/shared/definition';
import { connect, createBus, listen } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import type { Stage } from './stage.ts';
import { lookAtStreams } from './streams.ts';

/** What is observed while everything happens. */
export type Watch = Awaited<ReturnType<typeof startWatch>>;

const everyMs = 200;

export async function startWatch(stage: Stage) {
  const readyAt: number[] = [];
  const runsOfSlots = new Map<string, Set<string>>();
  const connection = await connect(stage.stack.broker.adminUrl, 'provision');
  listen(
    createBus(connection, createLogger('chaos', 'error')),
    catalog.runChanged,
    {},
    ({ slotId, runId }) => {
      if (slotId === null) return;
      runsOfSlots.set(slotId, (runsOfSlots.get(slotId) ?? new Set()).add(runId));
    },
  );
  const members = [...stage.stack.processes.values()].filter(({ name }) => name !== 'sandbox');
  const notReady = async () => {
    const states = await Promise.all(
      members.map(async ({ name, readyUrl }) => {
        const answer = await fetch(readyUrl, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
        if (answer?.ok) return [];
        return [`${name}: ${answer ? await answer.text().catch(() => 'no answer') : 'no answer'}`];
      }),
    );
    return states.flat();
  };
  let stopped = false;
  const looking = (async () => {
    while (!stopped) {
      const at = stage.real.now();
      if ((await notReady()).length === 0) readyAt.push(at);
      await sleep(everyMs);
    }
  })();
  return {
    /** When every service was ready, real ms since the epoch: the beginning of each look. */
    readyAt,
    /** Run ids by slot, as messages had them. */
    runsOfSlots,
    /** What is not ready now, and why. */
    notReady,
    async stop() {
      stopped = true;
      await looking;
      await connection.close();
    },
  };
}

/** Real ms until what has not come to an end is taken to be stuck. */
const patienceMs = 90_000;

const final = new Set(['done', 'failed', 'expired']);

/** Opens no more slots and waits for what is in hand. Returns what had not ended when the patience was over. */
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
  const commands = await api.all('GET /v1/commands');
  const open = commands.filter(({ state }) => !final.has(state));
  const running = await api.all('GET /v1/runs', { query: { state: 'running' } });
  const { waiting } = await api.call('GET /v1/queue');
  const streams = await lookAtStreams(stage.stack.broker.adminUrl);
  return [
    ...(open.length > 0 ? [`${open.length} commands are open`] : []),
    ...(running.length > 0 ? [`${running.length} runs are running`] : []),
    ...(waiting > 0 ? [`${waiting} wait for a permit`] : []),
    ...streams.waiting,
  ];
}
