import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { removeAll, scratchDir } from './files.ts';
import { copyTemplate, type PostgresOptions, type PostgresProcess, startPostgres } from './postgres.ts';
import { freePort } from './system.ts';

let dir: string;
let dataDir: string;
let cleanups: Array<() => Promise<unknown>>;

beforeEach(async () => {
  dir = await scratchDir('postgres');
  dataDir = join(dir, 'data');
  cleanups = [() => removeAll(dir)];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cleanUp of cleanups.toReversed()) await cleanUp();
});

async function start(options: Partial<PostgresOptions> = {}): Promise<PostgresProcess> {
  const postgres = await startPostgres({ dataDir, ...options });
  cleanups.push(() => postgres.stop());
  return postgres;
}

async function client(url: string): Promise<pg.Client> {
  const connection = new pg.Client({ connectionString: url });
  connection.on('error', () => undefined); // the server will be killed while it is connected
  await connection.connect();
  cleanups.push(() => connection.end());
  return connection;
}

async function queryValue(url: string, statement: string): Promise<unknown> {
  const connection = await client(url);
  const { rows } = await connection.query<Record<string, unknown>>(statement);
  return rows[0] && Object.values(rows[0])[0];
}

describe('a new Postgres', { timeout: 60_000 }, () => {
  it('answers queries once started, with UTF-8, byte order and UTC', async () => {
    const url = (await start()).url();
    expect(await queryValue(url, "select 'ä' || upper('ok')")).toBe('äOK');
    expect(await queryValue(url, 'show server_encoding')).toBe('UTF8');
    expect(await queryValue(url, "select 'a' < 'B'")).toBe(false);
    expect(await queryValue(url, 'show timezone')).toBe('UTC');
  });

  it('keeps its data and its password for the second start', async () => {
    const port = await freePort();
    const first = await start({ port });
    expect(first.port).toBe(port);
    await queryValue(first.url(), 'create table kept as select 42 as n');
    await first.stop();
    const second = await start({ port });
    expect(second.url()).toBe(first.url());
    expect(await queryValue(second.url(), 'select n from kept')).toBe(42);
  });

  it('uses the given password', async () => {
    expect((await start({ durable: false, password: 'p/w @1' })).url()).toContain(
      'postgres:p%2Fw%20%401@127',
    );
  });

  it('is created again after an interrupted attempt', async () => {
    await mkdir(`${dataDir}.unfinished`);
    await writeFile(join(`${dataDir}.unfinished`, 'PG_VERSION'), '18');
    expect(await queryValue((await start({ durable: false })).url(), 'select 1')).toBe(1);
    expect((await readdir(dir)).toSorted()).toEqual(['data', 'data.log', 'data.password']);
  });
});

describe('a Postgres', { timeout: 60_000 }, () => {
  beforeEach(() => copyTemplate(dir));

  it('keeps committed rows when it is killed', async () => {
    const first = await start();
    await queryValue(first.url(), 'create table kept as select generate_series(1, 1000) as n');
    first.kill('SIGKILL');
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await queryValue((await start()).url(), 'select count(*) from kept')).toBe('1000');
  });

  it('creates each database once, whatever its name', async () => {
    const postgres = await start({ durable: false });
    const url = await postgres.createDatabase('riders "and" clubs');
    await queryValue(url, 'create table kept as select 42 as n');
    expect(await postgres.createDatabase('riders "and" clubs')).toBe(url);
    expect(await queryValue(url, 'select n from kept')).toBe(42);
    expect(await queryValue(postgres.url(), "select to_regclass('kept')")).toBeNull();
  });

  it('syncs to disk unless durable is false', async () => {
    const safe = await start();
    expect(await queryValue(safe.url(), 'show fsync')).toBe('on');
    await safe.stop();
    expect(await queryValue((await start({ durable: false })).url(), 'show fsync')).toBe('off');
  });

  it('listens on loopback only, and requires the password', async () => {
    const postgres = await start({ durable: false });
    expect(await queryValue(postgres.url(), 'show listen_addresses')).toBe('127.0.0.1');
    expect(await queryValue(postgres.url(), 'show unix_socket_directories')).toBe('');
    const withoutPassword = `postgres://postgres:guess@127.0.0.1:${postgres.port}/postgres`;
    await expect(client(withoutPassword)).rejects.toThrow('password authentication failed');
    expect((await stat(`${dataDir}.password`)).mode & 0o777).toBe(0o600);
    expect(postgres.url()).toContain(`:${await readFile(`${dataDir}.password`, 'utf8')}@`);
  });
});

describe('starting Postgres', { timeout: 60_000 }, () => {
  beforeEach(() => copyTemplate(dir));

  it('rejects when the port is in use', async () => {
    const { port } = await start({ durable: false });
    await expect(start({ dataDir: join(dir, 'other'), port })).rejects.toThrow(
      `port ${port} is already in use: `,
    );
  });

  it('rejects when the folder is in use, and leaves the running one alone', async () => {
    const postgres = await start({ durable: false });
    await expect(start()).rejects.toThrow(
      `Postgres is already running on ${dataDir} (process ${postgres.pid})`,
    );
    expect(await queryValue(postgres.url(), 'select 1')).toBe(1);
  });

  it('rejects when the password is lost or wrong', async () => {
    await (await start({ durable: false })).stop();
    await expect(start({ password: 'guess' })).rejects.toThrow('password authentication failed');
    await rm(`${dataDir}.password`);
    await expect(start()).rejects.toThrow(`the password of ${dataDir} is lost`);
  });

  it('ignores the lock of a killed one whose process id was reused', async () => {
    const first = await start({ durable: false });
    first.kill('SIGKILL');
    await first.exited;
    const lock = await readFile(join(dataDir, 'postmaster.pid'), 'utf8');
    await writeFile(join(dataDir, 'postmaster.pid'), lock.replace(String(first.pid), '1'));
    expect(await queryValue((await start()).url(), 'select 1')).toBe(1);
  });

  it('waits until the orphaned backends of a killed one have exited', async () => {
    const first = await start({ durable: false });
    const backend = Number(await queryValue(first.url(), 'select pg_backend_pid()'));
    process.kill(backend, 'SIGSTOP');
    first.kill('SIGKILL');
    await first.exited;
    const second = start();
    await vi.waitFor(async () => {
      expect(await readFile(`${dataDir}.log`, 'utf8')).toContain('pre-existing shared memory block');
    }, 10_000);
    process.kill(backend, 'SIGCONT');
    expect(await queryValue((await second).url(), 'select 1')).toBe(1);
  });

  it('rejects with the end of the log when it fails', async () => {
    await (await start({ durable: false })).stop();
    await rm(join(dataDir, 'global', 'pg_control'));
    await expect(start()).rejects.toThrow(/^Postgres did not start \(exited with code \d\):\n[^]*pg_control/);
  });
});

describe.runIf(process.getuid?.() === 0)('Postgres for root', { timeout: 60_000 }, () => {
  /** Puts a failing `unshare` first on the PATH, as if user namespaces were forbidden. */
  async function forbidNamespaces(): Promise<void> {
    const bin = join(dir, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'unshare'), '#!/bin/sh\nexit 1\n');
    await chmod(join(bin, 'unshare'), 0o755);
    vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
  }

  it('runs as nobody where user namespaces are forbidden, also on a folder created in one', async () => {
    const first = await start({ durable: false });
    await queryValue(first.url(), 'create table kept as select 42 as n');
    await first.stop();
    await forbidNamespaces();
    const second = await start();
    expect((await stat(`/proc/${second.pid}`)).uid).toBe(65_534);
    expect(await queryValue(second.url(), 'select n from kept')).toBe(42);
    await second.stop();
    vi.unstubAllEnvs();
    expect(await queryValue((await start()).url(), 'select n from kept')).toBe(42);
  });

  it('can be created as nobody', async () => {
    await forbidNamespaces();
    expect(await queryValue((await start()).url(), 'select 1')).toBe(1);
    expect((await stat(dataDir)).uid).toBe(65_534);
  });
});
