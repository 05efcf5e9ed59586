import { join } from 'node:path';
import { folderBytes, sampleProcess } from '@paceline/kit/processes';
import type { TestStack } from '@paceline/kit/stack';
import { type DatabaseClient, openDatabase } from '@paceline/shared/database';
import { connect } from '@paceline/shared/messaging';
import type { MeasuredFigure, Series } from './report.ts';

type Take = (of: string, figure: MeasuredFigure, value: number | undefined) => void;

/** Samples everything that could grow in a running system. @param now project ms */
export async function openSampler(stack: TestStack, now: () => number) {
  const all = new Map<string, Series & { measured: Array<{ at: number; value: number }> }>();
  const broker = await connect(stack.broker.adminUrl, 'provision');
  const database = openDatabase(stack.databaseUrl, () => undefined, { connections: 1 });

  async function processes(take: Take): Promise<void> {
    const others = stack.broker.servers.map((each) => [each.name, each.pid()] as const);
    const ours = [...stack.processes.values()].map((each) => [each.name, each.pid(), each.readyUrl] as const);
    for (const [name, pid, url] of [...ours, ...others]) {
      if (pid === undefined) continue;
      const { rssBytes, handles, threads } = await sampleProcess(pid);
      take(name, 'memory', rssBytes);
      if (url?.endsWith('/readyz')) await ofMetrics(name, url.replace('/readyz', '/metrics'), take);
      take(name, 'handles', handles);
      take(name, 'threads', threads);
    }
  }

  async function streams(take: Take): Promise<void> {
    const answer = await broker.request('$JS.API.STREAM.LIST', '{}', { timeout: 5_000 });
    const { streams: found } = answer.json<{
      streams: Array<{ config: { name: string }; state: { messages: number; bytes: number } }>;
    }>();
    for (const { config, state } of found) {
      take(`stream ${config.name}`, 'messages', state.messages);
      take(`stream ${config.name}`, 'disk', state.bytes);
    }
  }

  async function folders(take: Take): Promise<void> {
    const bytes = (...parts: string[]) => folderBytes(join(stack.stateFolder, ...parts));
    take('log files', 'disk', await bytes('logs'));
    take('broker folder', 'disk', await bytes('nats'));
    take('database folder', 'disk', await bytes('postgres'));
    take('write-ahead log', 'disk', await bytes('postgres', 'data', 'pg_wal'));
  }

  return {
    /** Samples every figure once. */
    async sample() {
      const at = now();
      const take: Take = (of, figure, value) => {
        const key = `${of} ${figure}`;
        const series = all.get(key) ?? { of, figure, measured: [] };
        all.set(key, series);
        if (value !== undefined) series.measured.push({ at, value });
      };
      await processes(take);
      await rows(database, take);
      await streams(take);
      await folders(take);
    },
    /** All samples, in display order. */
    series: (): Series[] => [...all.values()],
    async close() {
      await Promise.all([broker.close(), database.close()]);
    },
  };
}

/** Heap size and p99 of the event loop delay. */
async function ofMetrics(name: string, url: string, take: Take): Promise<void> {
  const text = await (await fetch(url)).text();
  const of = (metric: string) =>
    [...text.matchAll(new RegExp(`^${metric}(?:\\{[^}]*\\})? (\\S+)`, 'gm'))].map(([, value]) =>
      Number(value),
    );
  take(
    name,
    'heap',
    of('v8js_memory_heap_used_bytes').reduce((sum, each) => sum + each, 0),
  );
  take(name, 'event loop', (of('nodejs_eventloop_delay_p99_seconds')[0] ?? 0) * 1_000);
}

async function rows({ db }: DatabaseClient, take: Take): Promise<void> {
  const one = async (query: string) =>
    Number((await db.execute<{ value: string }>(`select (${query}) as value`)).rows[0]?.value);
  take('database', 'disk', await one('pg_database_size(current_database())'));
  take('database', 'connections', await one('select count(*) from pg_stat_activity'));
  const { rows: tables } = await db.execute<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  );
  for (const { name } of tables) take(`table ${name}`, 'rows', await one(`select count(*) from "${name}"`));
}
