import { setTimeout as sleep } from 'node:timers/promises';
import { catalog } from '@paceline/shared/contracts';
import { kindNames } from '@paceline/shared/definition';
import { connect, createBus, subscribe } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import type { ChaosStage } from './stage.ts';
import { readStreams } from './streams.ts';

/** Observations during the run. */
export type Watch = Awaited<ReturnType<typeof startWatch>>;

const intervalMs = 200;

export async function startWatch(stage: ChaosStage) {
  const readyAt: number[] = [];
  const runsOfSlots = new Map<string, Set<string>>();
  const connection = await connect(stage.stack.broker.adminUrl, 'provision');
  subscribe(
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
  const watching = (async () => {
    while (!stopped) {
      const at = stage.real.now();
      if ((await notReady()).length === 0) readyAt.push(at);
      await sleep(intervalMs);
    }
  })();
  return {
    /** Times at which all services were ready, real ms since the epoch (start of each check). */
    readyAt,
    /** Run ids by slot, from messages. */
    runsOfSlots,
    /** Services that are not ready now, and why. */
    notReady,
    async stop() {
      stopped = true;
      await watching;
      await connection.close();
    },
  };
}

/** Real ms after which unfinished work counts as stuck. An alert lasts for the longest window, and then some. */
const timeoutMs = ({ clock }: ChaosStage): number => Math.max(90_000, 20_000 + clock.toRealMs(80 * 60_000));

const final = new Set(['done', 'failed', 'expired', 'cancelled']);

/** Turns all syncs off and waits for the remaining work. @returns what had not finished at the timeout */
export async function drain(stage: ChaosStage, watch: Watch): Promise<string[]> {
  const { api, upstream } = stage;
  await upstream.cancelFaults();
  const off = Object.fromEntries(kindNames.map((kind) => [kind, { mode: 'off' }]));
  const giveUp = performance.now() + timeoutMs(stage);
  let remaining = ['not checked'];
  let isOff = false;
  while (remaining.length > 0 && performance.now() < giveUp) {
    try {
      isOff ||= (await api.send('PUT', '/v1/schedule', { kinds: off, despiteErrors: true }))?.status === 200;
      remaining = await unfinished(stage, watch);
      if (!isOff) remaining = [...remaining, 'failed to turn the syncs off'];
    } catch (error) {
      remaining = [(error as Error).message];
    }
    if (remaining.length > 0) await sleep(300);
  }
  return remaining;
}

async function unfinished(stage: ChaosStage, watch: Watch): Promise<string[]> {
  const { api } = stage;
  const notReady = await watch.notReady();
  if (notReady.length > 0) return notReady;
  const commands = await api.all('GET /v1/commands');
  const open = commands.filter(({ state }) => !final.has(state));
  const running = await api.all('GET /v1/runs', { query: { state: 'running' } });
  const { waiting } = await api.call('GET /v1/queue');
  const alerts = await api.call('GET /v1/alerts', { query: { state: 'open', type: 'journal_lost' } });
  const streams = await readStreams(stage.stack.broker.adminUrl);
  return [
    ...(open.length > 0 ? [`${open.length} commands not finished`] : []),
    ...(running.length > 0 ? [`${running.length} runs still running`] : []),
    ...(waiting > 0 ? [`${waiting} requests wait for a permit`] : []),
    ...alerts.items.map(({ type }) => `alert ${type} is open`),
    ...streams.waiting,
  ];
}
