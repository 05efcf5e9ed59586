import { numberOf, runCommand, terminal } from '@paceline/kit/arguments';
import { startTestStack, type TestStack } from '@paceline/kit/stack';
import { median, quantile } from '@paceline/kit/statistics';
import { digits, table } from '@paceline/kit/table';
import { monotonic, until } from '@paceline/kit/waiting';
import type { BareDoorDuties } from './bare-door.ts';
import { startWorker } from './processes.ts';

const usage = `npm run lab -- door [--calls N]

Measures what a call through the door takes longer than a direct one, while no window is full. They are made in turn, from
one process, to the same sandbox without delays. The API says in Server-Timing how long a call waited for its permit. Beside
it the least that a door can do: a server that keeps a row of the call in Postgres, makes it and passes the answer on.

  --calls N  calls of each kind (default 2000), after 500 of each to warm up

Exit codes: 0 measured, 1 it failed, 2 wrong usage.`;

const path = '/public/riders/4500001';
const key = 'sandbox-key';
/** Ms between two calls, so that the end of one is not measured with the next. */
const pauseMs = 5;
const warmUp = 500;

/** No window is ever full: the permit costs what it costs, and nothing waits. */
async function openWindows({ apiUrl, sandboxUrl }: TestStack): Promise<void> {
  const send = async (url: string, method: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const { ok, status } = await fetch(url, { method, headers, body: JSON.stringify(body) });
    if (!ok) throw new Error(`${method} ${url}: ${status}`);
  };
  await send(`${sandboxUrl}/control/policies`, 'POST', { riders_single: { limit: 1_000, windowMs: 1_000 } });
  await send(`${apiUrl}/v1/budgets/riders_single/policy`, 'PUT', { limit: 1_000, windowSeconds: 1 });
}

interface Timed {
  readonly ms: number;
  /** Of it, the wait for the permit; 0 for a direct call. */
  readonly waitMs: number;
}

async function timeOf(url: string, headers: Record<string, string>): Promise<Timed> {
  const start = monotonic();
  const response = await fetch(url, { headers });
  await response.arrayBuffer();
  const ms = monotonic() - start;
  if (response.status !== 200) throw new Error(`${url}: ${response.status}`);
  await until(monotonic() + pauseMs);
  const [, waitMs = 0] = /wait;dur=([\d.]+)/.exec(response.headers.get('server-timing') ?? '') ?? [];
  return { ms, waitMs: Number(waitMs) };
}

async function measure(calls: number) {
  const stack = await startTestStack(
    { scale: 1, anchor: 0 },
    { API_UPSTREAMS: 'zwiftracing', SANDBOX_LATENCY: 'off', SANDBOX_API_KEYS: `${key}:standard` },
  );
  const worker = startWorker<BareDoorDuties>(new URL('bare-door.ts', import.meta.url).pathname, []);
  try {
    await openWindows(stack);
    const { databaseUrl, sandboxUrl } = stack;
    const bareUrl = await worker.do('open', { databaseUrl, upstreamUrl: `${sandboxUrl}/api`, key });
    const direct: Timed[] = [];
    const bare: Timed[] = [];
    const door: Timed[] = [];
    for (let count = 0; count < warmUp + calls; count += 1) {
      direct.push(await timeOf(`${stack.sandboxUrl}/api${path}`, { authorization: key }));
      bare.push(await timeOf(`${bareUrl}${path}`, {}));
      door.push(await timeOf(`${stack.apiUrl}/upstream/zwiftracing${path}`, {}));
    }
    return { direct: direct.slice(warmUp), bare: bare.slice(warmUp), door: door.slice(warmUp) };
  } finally {
    await worker.kill();
    await stack.stop();
  }
}

process.exitCode = await runCommand(
  { usage, options: { calls: { type: 'string', default: '2000' } } },
  process.argv.slice(2),
  terminal,
  async ({ calls }) => {
    const { direct, bare, door } = await measure(numberOf('--calls', calls, 1, 100_000));
    const took = {
      direct: direct.map(({ ms }) => ms),
      bare: bare.map(({ ms }) => ms),
      door: door.map(({ ms }) => ms),
      apart: door.map(({ ms, waitMs }) => ms - waitMs),
    };
    const added = (each: readonly number[]) => median(each) - median(took.direct);
    const row = (name: string, each: readonly number[]) => [
      name,
      digits(median(each)),
      digits(quantile(each, 0.99)),
      digits(added(each)),
      `${digits(added(each) / added(took.bare))} ×`,
    ];
    const rows = [
      row('direct', took.direct),
      row('the least: a row, the call, the answer', took.bare),
      row('through the door', took.door),
      row('without its wait for the permit', took.apart),
    ];
    terminal.out(table(['', 'p50 ms', 'p99 ms', 'added at p50', 'of the least'], rows));
    return 0;
  },
);
