import { setTimeout as sleep } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPool } from '@paceline/shared/database/pool';
import type { TestStack } from '@paceline/kit/stack';
import { quantile } from '@paceline/kit/statistics';
import { table } from '@paceline/kit/table';
import { stored } from './content.ts';

const perSecond = 50;

/** Requests that read more than the plain route. */
const variants: readonly string[] = [
  '/v1/riders?limit=500',
  '/v1/riders?q=ander',
  '/v1/riders?q=zzz',
  `/v1/riders?clubId=${stored.clubId}`,
  '/v1/riders?sort=name',
  '/v1/riders?sort=rating&order=desc&include=trend',
  '/v1/events?when=all&limit=500',
  '/v1/events?when=past&q=99',
  '/v1/events?ours=true',
  '/v1/events?when=past&ours=true',
  `/v1/events/${stored.eventId}/signups?ours=true`,
  '/v1/runs?state=failed',
  '/v1/runs?kind=near&limit=500',
  `/v1/commands/${stored.importId}`,
  `/v1/commands/${stored.importId}/riders?outcome=failed`,
  '/v1/commands?limit=500',
  '/v1/alerts?state=open',
  '/v1/failures?since=2000-01-01T00:00:00Z',
  '/v1/permits?since=2000-01-01T00:00:00Z&budget=clubs',
];

interface OpenApi {
  readonly paths: Readonly<Record<string, { readonly get?: unknown }>>;
}

/** Streams, and pages that don't read anything. */
const notMeasured = /^\/(?:livez|readyz|metrics)|\/stream$/;

/** Every GET of the API, with ids of stored rows. */
async function routes(stack: TestStack): Promise<string[]> {
  const { paths } = await stack.get<OpenApi>('/openapi.json');
  const plain = Object.entries(paths).filter(([path, { get }]) => get && !notMeasured.test(path));
  return plain.map(([path]) =>
    path.replaceAll(/\{(\w+)\}/g, (_, name: string) => stored[name as keyof typeof stored]),
  );
}

/** Sends each request 50 times a second, one route after the other. @returns a table: real ms until the whole answer */
export async function measureReads(stack: TestStack, lasts: number): Promise<string> {
  const rows: string[][] = [];
  for (const path of [...(await routes(stack)), ...variants].toSorted()) {
    // The first requests open connections.
    await load(stack, path, 500);
    const took = await load(stack, path, lasts);
    rows.push([path, quantile(took, 0.5).toFixed(1), quantile(took, 0.99).toFixed(1)]);
  }
  return table(['GET', 'p50 ms', 'p99 ms'], rows, (column) => column > 0);
}

async function load(stack: TestStack, path: string, lasts: number): Promise<number[]> {
  const from = performance.now();
  const requests = Array.from({ length: (perSecond * lasts) / 1_000 }, async (_, index) => {
    await sleep(Math.max(0, (index * 1_000) / perSecond - (performance.now() - from)));
    const startedAt = performance.now();
    const answer = await fetch(`${stack.apiUrl}${path}`);
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status}`);
    return performance.now() - startedAt;
  });
  return Promise.all(requests);
}

/** Statements that take longer than this are explained, ms. */
const explainedFrom = 5;

/** Runs the work while Postgres explains slow statements. @returns what it wrote about them */
export async function slowPlans(stack: TestStack, work: () => Promise<unknown>): Promise<string> {
  const { pool, close } = openPool(stack.databaseUrl, () => undefined, { connections: 1 });
  const logFile = join(stack.stateFolder, 'postgres', 'data.log');
  try {
    await pool.query("load 'auto_explain'");
    await pool.query("alter system set session_preload_libraries = 'auto_explain'");
    await pool.query(`alter system set auto_explain.log_min_duration = ${explainedFrom}`);
    await pool.query('alter system set auto_explain.log_analyze = on');
    await pool.query('alter system set auto_explain.log_parameter_max_length = 100');
    await pool.query('select pg_reload_conf()');
    // Connections load the library when they are opened.
    await pool.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where backend_type = $1 and pid <> pg_backend_pid()',
      ['client backend'],
    );
    const { length } = await readFile(logFile, 'utf8');
    await work();
    const log = await readFile(logFile, 'utf8');
    return log
      .slice(length)
      .split(/^(?=\S)/m)
      .filter((entry) => entry.includes(' plan:'))
      .join('');
  } finally {
    await close();
  }
}
