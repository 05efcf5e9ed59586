import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeTempDir, removeAll } from '@paceline/embedded';
import { eventually, testNats, testPostgres } from './index.ts';

afterEach(() => vi.unstubAllEnvs());

const slow = { timeout: 120_000 };

async function query(url: string, statement: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(statement).finally(() => client.end());
  return rows[0] && Object.values(rows[0])[0];
}

describe('eventually', () => {
  it('returns the result of the check once it passes', async () => {
    const answers = [0, 0, 42];
    const check = () => {
      const answer = answers.shift();
      expect(answer).toBe(42);
      return answer;
    };
    expect(await eventually(check)).toBe(42);
  });

  it('rejects with the last failure when the check never passes', async () => {
    let attempts = 0;
    const check = () => Promise.reject(new Error(`attempt ${++attempts}`));
    const failure = await eventually(check, { timeoutMs: 100 }).catch((error: Error) => error.message);
    expect(failure).toBe(`attempt ${attempts}`);
    expect(attempts).toBeGreaterThan(1);
  });
});

describe('test nats-server', slow, () => {
  it('restarts with its streams on the same port, and removes its folder when stopped', async () => {
    const root = await makeTempDir(tmpdir(), 'paceline-testing');
    vi.stubEnv('TMPDIR', root);
    const nats = await testNats();
    const client = await connect({ servers: nats.url, reconnectTimeWait: 20, maxReconnectAttempts: -1 });
    await (await jetstreamManager(client)).streams.add({ name: 'KEPT', subjects: ['kept'] });
    await nats.kill();
    await nats.restart();
    const publish = () => jetstream(client, { timeout: 200 }).publish('kept', 'x');
    const { stream, seq } = await eventually(publish);
    expect(stream).toBe('KEPT');
    await nats.restart();
    expect((await eventually(publish)).seq).toBeGreaterThan(seq);
    await client.close();
    await nats.stop();
    await expect(connect({ servers: nats.url })).rejects.toThrow('refused');
    expect(await readdir(root)).toEqual([]);
    await removeAll(root);
  });

  it('is not shared, and stops at the end of its scope', async () => {
    let url: string;
    {
      await using mine = await testNats();
      await using other = await testNats();
      expect(mine.port).not.toBe(other.port);
      url = mine.url;
    }
    await expect(connect({ servers: url })).rejects.toThrow('refused');
  });
});

describe('test Postgres', slow, () => {
  it('is empty and not shared', async () => {
    await using mine = await testPostgres();
    await using other = await testPostgres();
    await query(mine.url, 'create table mine ()');
    expect(await query(mine.url, "select to_regclass('mine')::text")).toBe('mine');
    expect(await query(other.url, "select to_regclass('mine')::text")).toBeNull();
  });

  it('restarts with its data on the same port', async () => {
    await using postgres = await testPostgres();
    await query(postgres.url, 'create table kept as select 42 as n');
    await postgres.kill();
    await expect(query(postgres.url, 'select n from kept')).rejects.toThrow('ECONNREFUSED');
    await postgres.restart();
    expect(await query(postgres.url, 'select n from kept')).toBe(42);
    await postgres.restart();
    expect(await query(postgres.url, 'select n from kept')).toBe(42);
    expect(await query(await postgres.createDatabase('more'), 'select current_database()')).toBe('more');
  });

  it('fills an empty cache that makes the next start fast', async () => {
    const cache = await makeTempDir(tmpdir(), 'paceline-testing');
    vi.stubEnv('PACELINE_CACHE', cache);
    await using first = await testPostgres();
    expect(await readdir(cache)).toEqual([expect.stringContaining('postgres-template-')]);
    await using second = await testPostgres();
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
    await removeAll(cache);
  });

  it('works without a cache', async () => {
    vi.stubEnv('PACELINE_CACHE', '/dev/null/none');
    await using postgres = await testPostgres();
    expect(await query(postgres.url, 'select 1')).toBe(1);
  });
});
