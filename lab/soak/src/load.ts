import { setTimeout as sleep } from 'node:timers/promises';
import { openStream } from '@paceline/client';
import type { TestStack } from '@paceline/kit/stack';
import { kindNames } from '@paceline/shared/definition';

/** A fixed set of riders, because riders are never deleted. */
const riders = 400;
const firstRider = 4_900_000;
const inImport = 200;

const lists = ['/v1/riders', '/v1/events', '/v1/runs', '/v1/commands', '/v1/permits', '/v1/conflicts'];
const states = ['/v1/coordination', '/v1/budgets', '/v1/freshness', '/v1/queue', '/v1/alerts', '/v1/sources'];
const reads = [...lists, ...states, '/v1/schedule', '/readyz', '/'];

/** Sends requests and watches event streams until the signal aborts; counts failures too. */
export function load(stack: TestStack, signal: AbortSignal) {
  /** Count per action. */
  const done: Record<string, number> = {};
  const count = (action: string) => {
    done[action] = (done[action] ?? 0) + 1;
  };
  const every = async (realMs: number, action: string, act: (turn: number) => Promise<unknown>) => {
    for (let turn = 0; !signal.aborted; turn += 1) {
      await act(turn).then(
        () => count(action),
        () => count(`failed ${action}`),
      );
      await sleep(realMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const ids = (from: number, length: number) =>
    Array.from({ length }, (_, index) => firstRider + ((from + index) % riders));
  const ended = Promise.all([
    every(400, 'added riders', (turn) =>
      stack.post('/v1/riders', JSON.stringify({ riderId: firstRider + (turn % riders) })),
    ),
    every(20_000, 'imports', (turn) =>
      stack.post('/v1/riders/import', JSON.stringify({ riderIds: ids(turn * inImport, inImport) }), {
        'idempotency-key': `soak-${turn}`,
      }),
    ),
    every(30_000, 'triggered runs', (turn) =>
      stack.post(`/v1/syncs/${kindNames[turn % kindNames.length]}/trigger`, ''),
    ),
    every(300, 'reads', (turn) => read(stack, reads[turn % reads.length] ?? '/')),
    every(3_000, 'event streams', () => watch(stack, 2_000)),
  ]).then(() => undefined);
  return { done, ended };
}

async function read(stack: TestStack, path: string): Promise<void> {
  const response = await fetch(`${stack.apiUrl}${path}`);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`GET ${path}: ${response.status}`);
}

/** Watches the event stream for a while and disconnects. */
async function watch(stack: TestStack, realMs: number): Promise<void> {
  const timeout = AbortSignal.timeout(realMs);
  try {
    for await (const event of await openStream(stack.api, { signal: timeout })) void event;
  } catch (error) {
    if (!timeout.aborted) throw error;
  }
}
