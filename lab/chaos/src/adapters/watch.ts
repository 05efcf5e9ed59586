import { setTimeout as sleep } from 'node:timers/promises';
import { catalog } from '@paceline/shared/contracts';
import { connect, createBus, listen } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import type { Stage } from './stage.ts';

/** Looks on while everything happens. */
export interface Watch {
  /** When every service was ready, real ms since the epoch: the beginning of each look. */
  readonly readyAt: readonly number[];
  /** Run ids by slot, as they were told of. */
  readonly runsOfSlots: ReadonlyMap<string, ReadonlySet<string>>;
  /** What is not ready now, and why. */
  notReady(): Promise<string[]>;
  stop(): Promise<void>;
}

const everyMs = 200;

export async function startWatch(stage: Stage): Promise<Watch> {
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
    readyAt,
    runsOfSlots,
    notReady,
    async stop() {
      stopped = true;
      await looking;
      await connection.close();
    },
  };
}
