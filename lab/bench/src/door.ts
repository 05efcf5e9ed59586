import { numberOf, runCommand, terminal } from '@paceline/kit/arguments';
import { startTestStack, type TestStack } from '@paceline/kit/stack';
import { median, quantile } from '@paceline/kit/statistics';
import { digits, table } from '@paceline/kit/table';
import { monotonic, until } from '@paceline/kit/waiting';

const usage = `npm run lab -- door [--calls N]

Measures what a call through the door takes longer than a direct one, while no window is full. Both are made in turn,
from one process, to the same sandbox without delays.

  --calls N  calls of each kind (default 1000)

Exit codes: 0 measured, 1 it failed, 2 wrong usage.`;

const path = '/public/riders/4500001';
const key = 'sandbox-key';
/** Ms between two calls, so that the end of one is not measured with the next. */
const pauseMs = 5;
const warmUp = 100;

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

async function msOf(url: string, headers: Record<string, string>): Promise<number> {
  const start = monotonic();
  const response = await fetch(url, { headers });
  await response.arrayBuffer();
  const took = monotonic() - start;
  if (response.status !== 200) throw new Error(`${url}: ${response.status}`);
  await until(monotonic() + pauseMs);
  return took;
}

async function measure(calls: number) {
  const stack = await startTestStack(
    { scale: 1, anchor: 0 },
    { API_UPSTREAMS: 'zwiftracing', SANDBOX_LATENCY: 'off', SANDBOX_API_KEYS: `${key}:standard` },
  );
  try {
    await openWindows(stack);
    const direct: number[] = [];
    const door: number[] = [];
    for (let count = 0; count < warmUp + calls; count += 1) {
      direct.push(await msOf(`${stack.sandboxUrl}/api${path}`, { authorization: key }));
      door.push(await msOf(`${stack.apiUrl}/upstream/zwiftracing${path}`, {}));
    }
    return { direct: direct.slice(warmUp), door: door.slice(warmUp) };
  } finally {
    await stack.stop();
  }
}

process.exitCode = await runCommand(
  { usage, options: { calls: { type: 'string', default: '1000' } } },
  process.argv.slice(2),
  terminal,
  async ({ calls }) => {
    const { direct, door } = await measure(numberOf('--calls', calls, 1, 100_000));
    const row = (name: string, took: readonly number[]) => [
      name,
      ...[median(took), quantile(took, 0.99)].map(digits),
    ];
    terminal.out(table(['', 'p50 ms', 'p99 ms'], [row('direct', direct), row('through the door', door)]));
    terminal.out(`Added at p50: ${digits(median(door) - median(direct))} ms`);
    return 0;
  },
);
