import { sandboxClock } from '@paceline/launcher';
import type { ClockSetting } from '@paceline/shared/clock';
import { kindNames } from '@paceline/shared/definition';
import { eventually } from '@paceline/shared/testing';
import { cpuBetween, cpuTimes, type NamedProcess } from './processes.ts';
import { startTestStack, type TestStack } from './stack.ts';
import { sum } from './statistics.ts';

/** Starts a system without scheduled syncs, so that there is no load but the measured one, and stops it after the work. */
export async function onStack<T>(
  env: NodeJS.ProcessEnv,
  work: (stack: TestStack) => Promise<T>,
  { clock = sandboxClock(Date.now(), 60), stateFolder }: { clock?: ClockSetting; stateFolder?: string } = {},
): Promise<T> {
  const stack = await startTestStack(clock, { ...withoutSyncs, LOG_LEVEL: 'error', ...env }, stateFolder);
  try {
    return await work(stack);
  } finally {
    await stack.stop();
  }
}

/** Turns off every scheduled sync. */
export const withoutSyncs: NodeJS.ProcessEnv = Object.fromEntries(
  kindNames.map((kind) => [`SYNC_${kind.toUpperCase()}`, 'off']),
);

/** A thousand calls per second of project time: more than a machine makes. */
const raised = { limit: 1_000, windowMs: 1_000 };
export const raisedPolicies = { riders_single: raised, riders_bulk: raised };

/** Raises upstream's limits and the limiter's, so that they don't bound a result. */
export async function raiseLimits({ sandboxUrl, apiUrl }: TestStack): Promise<void> {
  await send('POST', `${sandboxUrl}/control/policies`, raisedPolicies);
  const policy = { limit: raised.limit, windowSeconds: raised.windowMs / 1_000 };
  for (const budget of Object.keys(raisedPolicies)) {
    await send('PUT', `${apiUrl}/v1/budgets/${budget}/policy`, policy);
  }
}

async function send(method: string, url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
}

/** Sandbox riders above this id are in no club of ours. */
let rider = 4_000_000;

export const nextRider = (): number => (rider += 1);

/** POSTs JSON to the system's API processes in turn. @returns the status */
export async function post(
  urls: readonly string[],
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<number> {
  const answer = await fetch(`${urls[rider % urls.length]}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** Adds a new rider. @param until the 202, or until it is stored @returns 1, or 0 when refused */
export async function addRider(urls: readonly string[], until: '202' | 'done'): Promise<number> {
  const [headers, expected] = until === 'done' ? [{ prefer: 'wait=30' }, 200] : [{}, 202];
  return (await post(urls, '/v1/riders', { riderId: nextRider() }, headers)) === expected ? 1 : 0;
}

/** Waits until the newest commands have ended. */
export const commandsEnded = (stack: TestStack): Promise<void> =>
  eventually(
    async () => {
      const newest = await stack.api.call('GET /v1/commands', { query: { limit: 50 } });
      if (newest.items.some(({ finishedAt }) => finishedAt === null))
        throw new Error('commands not finished');
    },
    { timeoutMs: 60_000 },
  );

export interface RequestLoad {
  readonly inFlight: number;
  /** Real ms during which new requests are started. */
  readonly lasts: number;
  /** Makes one request. @returns the units of work it completed, 0 when refused */
  once(): Promise<number>;
}

export type LoadResult = Awaited<ReturnType<typeof runLoad>>;

/** Keeps a number of requests in flight for a while; ends with the last response. @param processes whose CPU counts */
export async function runLoad(processes: readonly NamedProcess[], { inFlight, lasts, once }: RequestLoad) {
  const took: number[] = [];
  let completed = 0;
  let refused = 0;
  const before = await cpuTimes(processes);
  const from = performance.now();
  const worker = async () => {
    while (performance.now() - from < lasts) {
      const startedAt = performance.now();
      const amount = await once();
      completed += amount;
      if (amount > 0) took.push(performance.now() - startedAt);
      else refused += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const ms = performance.now() - from;
  const cpu = cpuBetween(before, await cpuTimes(processes));
  // `took`: real ms of each successful request.
  return { completed, refused, ms, perSecond: (completed / ms) * 1_000, took, cpu };
}

/** Loads of the same processes as one. */
export function together(loads: readonly LoadResult[]): LoadResult {
  const total = (of: (load: LoadResult) => number) => sum(loads.map(of));
  const [ms, completed] = [total((load) => load.ms), total((load) => load.completed)];
  const cpuOf = (name: string) => total(({ cpu }) => cpu.of.find(([each]) => each === name)?.[1] ?? 0);
  const names = loads[0]?.cpu.of.map(([name]) => name) ?? [];
  return {
    completed,
    refused: total(({ refused }) => refused),
    ms,
    perSecond: (completed / ms) * 1_000,
    took: loads.flatMap(({ took }) => took),
    cpu: {
      ms: total(({ cpu }) => cpu.ms),
      of: names.map((name) => [name, cpuOf(name)] as const).toSorted(([, one], [, other]) => other - one),
      ours: total(({ cpu }) => cpu.ours),
      others: total(({ cpu }) => cpu.others),
    },
  };
}

/** CPU ms per completed unit: by process, of the system alone, with the sandbox, and with the load generator too. */
export function cpuPerUnit({ cpu, completed }: Pick<LoadResult, 'cpu' | 'completed'>) {
  const of = cpu.of.map(([name, ms]) => ({ name, ms: ms / completed }));
  const without = (...names: string[]) =>
    sum(of.filter(({ name }) => !names.includes(name)).map(({ ms }) => ms));
  return { of, system: without('client', 'sandbox'), withSandbox: without('client'), all: without() };
}
