import { setTimeout as sleep } from 'node:timers/promises';
import { openStream } from '@paceline/client';
import type { TestStack } from '@paceline/kit/stack';
import { kindNames } from '@paceline/shared/definition';

/** Riders come again and again: they are never forgotten, and must not be what grows. */
const riders = 400;
const firstRider = 4_900_000;
const inImport = 200;

const lists = ['/v1/riders', '/v1/events', '/v1/runs', '/v1/commands', '/v1/permits', '/v1/conflicts'];
const states = ['/v1/coordination', '/v1/budgets', '/v1/freshness', '/v1/queue', '/v1/alerts', '/v1/sources'];
const reads = [...lists, ...states, '/v1/schedule', '/readyz', '/'];

/** Asks for everything and watches until the signal aborts; what fails is counted too. */
export function load(stack: TestStack, signal: AbortSignal) {
  /** How often each thing was done. */
  const done: Record<string, number> = {};
  const count = (what: string) => {
    done[what] = (done[what] ?? 0) + 1;
  };
  const every = async (realMs: number, what: string, act: (turn: number) => Promise<unknown>) => {
    for (let turn = 0; !signal.aborted; turn += 1) {
      await act(turn).then(
        () => count(what),
        () => count(`${what} that failed`),
      );
      await sleep(realMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const ids = (from: number, many: number) =>
    Array.from({ length: many }, (_, index) => firstRider + ((from + index) % riders));
  const ended = Promise.all([
    every(400, 'riders added', (turn) =>
      stack.post('/v1/riders', JSON.stringify({ riderId: firstRider + (turn % riders) })),
    ),
    every(20_000, 'imports', (turn) =>
      stack.post('/v1/riders/import', JSON.stringify({ riderIds: ids(turn * inImport, inImport) }), {
        'idempotency-key': `soak-${turn}`,
      }),
    ),
    every(30_000, 'runs asked for', (turn) =>
      stack.post(`/v1/syncs/${kindNames[turn % kindNames.length]}/trigger`, ''),
    ),
    every(300, 'reads', (turn) => read(stack, reads[turn % reads.length] ?? '/')),
    every(3_000, 'streams watched', () => watch(stack, 2_000)),
  ]).then(() => undefined);
  return { done, ended };
}

async function read(stack: TestStack, path: string): Promise<void> {
  const response = await fetch(`${stack.apiUrl}${path}`);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`GET ${path}: ${response.status}`);
}

/** Watches the stream for a while, and goes without a word. */
async function watch(stack: TestStack, realMs: number): Promise<void> {
  const patience = AbortSignal.timeout(realMs);
  try {
    for await (const event of await openStream(stack.api, { signal: patience })) void event;
  } catch (error) {
    if (!patience.aborted) throw error;
  }
}
