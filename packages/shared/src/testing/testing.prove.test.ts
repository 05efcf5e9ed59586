import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeTempDir, removeAll } from '@paceline/embedded';
import { eventually, testNats, testPostgres } from './index.ts';

afterEach(() => vi.unstubAllEnvs());

const patient = { timeout: 120_000 };

async function ask(url: string, statement: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(statement).finally(() => client.end());
  return rows[0] && Object.values(rows[0])[0];
}

describe('eventually', () => {
  it('gives what the check gives once it passes', async () => {
    const answers = [0, 0, 42];
    const check = () => {
      const answer = answers.shift();
      expect(answer).toBe(42);
      return answer;
    };
    expect(await eventually(check)).toBe(42);
  });

  it('fails as the check failed last when it never passes', async () => {
    let looks = 0;
    const check = () => Promise.reject(new Error(`look ${++looks}`));
    const failure = await eventually(check, { timeoutMs: 100 }).catch((error: Error) => error.message);
    expect(failure).toBe(`look ${looks}`);
    expect(looks).toBeGreaterThan(1);
  });
});

describe('a test nats-server', patient, () => {
  it('comes back with its streams where its clients find it, and leaves nothing behind', async () => {
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

  it('is nobody else’s, and ends with the scope that uses it', async () => {
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

describe('a test Postgres', patient, () => {
  it('is empty, and nobody else’s', async () => {
    await using mine = await testPostgres();
    await using other = await testPostgres();
    await ask(mine.url, 'create table mine ()');
    expect(await ask(mine.url, "select to_regclass('mine')::text")).toBe('mine');
    expect(await ask(other.url, "select to_regclass('mine')::text")).toBeNull();
  });

  it('comes back with its data where its clients find it', async () => {
    await using postgres = await testPostgres();
    await ask(postgres.url, 'create table kept as select 42 as n');
    await postgres.kill();
    await expect(ask(postgres.url, 'select n from kept')).rejects.toThrow('ECONNREFUSED');
    await postgres.restart();
    expect(await ask(postgres.url, 'select n from kept')).toBe(42);
    await postgres.restart();
    expect(await ask(postgres.url, 'select n from kept')).toBe(42);
    expect(await ask(await postgres.createDatabase('more'), 'select current_database()')).toBe('more');
  });

  it('leaves in an empty cache what makes the next one fast', async () => {
    const cache = await makeTempDir(tmpdir(), 'paceline-testing');
    vi.stubEnv('PACELINE_CACHE', cache);
    await using first = await testPostgres();
    expect(await readdir(cache)).toEqual([expect.stringContaining('postgres-template-')]);
    await using second = await testPostgres();
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
    await removeAll(cache);
  });

  it('can do without a cache', async () => {
    vi.stubEnv('PACELINE_CACHE', '/dev/null/none');
    await using postgres = await testPostgres();
    expect(await ask(postgres.url, 'select 1')).toBe(1);
  });
});
