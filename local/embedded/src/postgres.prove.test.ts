import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { removeAll, scratchDir } from './files.ts';
import { copyTemplate, type PostgresOptions, type PostgresProcess, startPostgres } from './postgres.ts';
import { freePort } from './system.ts';

let dir: string;
let dataDir: string;
let undo: Array<() => Promise<unknown>>;

beforeEach(async () => {
  dir = await scratchDir('postgres');
  dataDir = join(dir, 'data');
  undo = [() => removeAll(dir)];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const step of undo.toReversed()) await step();
});

async function start(options: Partial<PostgresOptions> = {}): Promise<PostgresProcess> {
  const postgres = await startPostgres({ dataDir, ...options });
  undo.push(() => postgres.stop());
  return postgres;
}

async function client(url: string): Promise<pg.Client> {
  const connection = new pg.Client({ connectionString: url });
  connection.on('error', () => undefined); // the server is going to be killed under it
  await connection.connect();
  undo.push(() => connection.end());
  return connection;
}

async function ask(url: string, statement: string): Promise<unknown> {
  const connection = await client(url);
  const { rows } = await connection.query<Record<string, unknown>>(statement);
  return rows[0] && Object.values(rows[0])[0];
}

describe('a new Postgres', { timeout: 60_000 }, () => {
  it('answers when it has started, in UTF-8, in the order of bytes and in UTC', async () => {
    const url = (await start()).url();
    expect(await ask(url, "select 'ä' || upper('ok')")).toBe('äOK');
    expect(await ask(url, 'show server_encoding')).toBe('UTF8');
    expect(await ask(url, "select 'a' < 'B'")).toBe(false);
    expect(await ask(url, 'show timezone')).toBe('UTC');
  });

  it('is the same one on the second start, with its data and its password', async () => {
    const port = await freePort();
    const first = await start({ port });
    expect(first.port).toBe(port);
    await ask(first.url(), 'create table kept as select 42 as n');
    await first.stop();
    const second = await start({ port });
    expect(second.url()).toBe(first.url());
    expect(await ask(second.url(), 'select n from kept')).toBe(42);
  });

  it('takes the password that it is given', async () => {
    expect((await start({ durable: false, password: 'p/w @1' })).url()).toContain(
      'postgres:p%2Fw%20%401@127',
    );
  });

  it('is begun anew where an earlier attempt to make it was cut off', async () => {
    await mkdir(`${dataDir}.unfinished`);
    await writeFile(join(`${dataDir}.unfinished`, 'PG_VERSION'), '18');
    expect(await ask((await start({ durable: false })).url(), 'select 1')).toBe(1);
    expect((await readdir(dir)).toSorted()).toEqual(['data', 'data.log', 'data.password']);
  });
});

describe('a Postgres', { timeout: 60_000 }, () => {
  beforeEach(() => copyTemplate(dir));

  it('keeps what was committed when it is killed', async () => {
    const first = await start();
    await ask(first.url(), 'create table kept as select generate_series(1, 1000) as n');
    first.kill('SIGKILL');
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await ask((await start()).url(), 'select count(*) from kept')).toBe('1000');
  });

  it('makes databases, each only once, whatever their names', async () => {
    const postgres = await start({ durable: false });
    const url = await postgres.createDatabase('riders "and" clubs');
    await ask(url, 'create table kept as select 42 as n');
    expect(await postgres.createDatabase('riders "and" clubs')).toBe(url);
    expect(await ask(url, 'select n from kept')).toBe(42);
    expect(await ask(postgres.url(), "select to_regclass('kept')")).toBeNull();
  });

  it('is safe at a power cut unless it need not be', async () => {
    const safe = await start();
    expect(await ask(safe.url(), 'show fsync')).toBe('on');
    await safe.stop();
    expect(await ask((await start({ durable: false })).url(), 'show fsync')).toBe('off');
  });

  it('listens on loopback only, and to nobody without the password', async () => {
    const postgres = await start({ durable: false });
    expect(await ask(postgres.url(), 'show listen_addresses')).toBe('127.0.0.1');
    expect(await ask(postgres.url(), 'show unix_socket_directories')).toBe('');
    const withoutPassword = `postgres://postgres:guess@127.0.0.1:${postgres.port}/postgres`;
    await expect(client(withoutPassword)).rejects.toThrow('password authentication failed');
    expect((await stat(`${dataDir}.password`)).mode & 0o777).toBe(0o600);
    expect(postgres.url()).toContain(`:${await readFile(`${dataDir}.password`, 'utf8')}@`);
  });
});

describe('starting Postgres', { timeout: 60_000 }, () => {
  beforeEach(() => copyTemplate(dir));

  it('says plainly when the port is taken', async () => {
    const { port } = await start({ durable: false });
    await expect(start({ dataDir: join(dir, 'other'), port })).rejects.toThrow(`port ${port} is taken: `);
  });

  it('says plainly when one runs on the folder already, and leaves that one alone', async () => {
    const postgres = await start({ durable: false });
    await expect(start()).rejects.toThrow(`a Postgres already runs on ${dataDir}: process ${postgres.pid}`);
    expect(await ask(postgres.url(), 'select 1')).toBe(1);
  });

  it('says plainly when the password is lost, or is another', async () => {
    await (await start({ durable: false })).stop();
    await expect(start({ password: 'guess' })).rejects.toThrow('password authentication failed');
    await rm(`${dataDir}.password`);
    await expect(start()).rejects.toThrow(`the password of ${dataDir} is lost`);
  });

  it('is not stopped by the lock of a killed one, whose process id a stranger has by now', async () => {
    const first = await start({ durable: false });
    first.kill('SIGKILL');
    await first.exited;
    const lock = await readFile(join(dataDir, 'postmaster.pid'), 'utf8');
    await writeFile(join(dataDir, 'postmaster.pid'), lock.replace(String(first.pid), '1'));
    expect(await ask((await start()).url(), 'select 1')).toBe(1);
  });

  it('waits for orphans of a killed one to be gone', async () => {
    const first = await start({ durable: false });
    const backend = Number(await ask(first.url(), 'select pg_backend_pid()'));
    process.kill(backend, 'SIGSTOP');
    first.kill('SIGKILL');
    await first.exited;
    const second = start();
    await vi.waitFor(async () => {
      expect(await readFile(`${dataDir}.log`, 'utf8')).toContain('pre-existing shared memory block');
    }, 10_000);
    process.kill(backend, 'SIGCONT');
    expect(await ask((await second).url(), 'select 1')).toBe(1);
  });

  it('that fails is an error with the end of the log', async () => {
    await (await start({ durable: false })).stop();
    await rm(join(dataDir, 'global', 'pg_control'));
    await expect(start()).rejects.toThrow(/^Postgres did not come up \(it ended with \d\):\n[^]*pg_control/);
  });
});

describe.runIf(process.getuid?.() === 0)('Postgres for root', { timeout: 60_000 }, () => {
  /** Puts an `unshare` first on the PATH that fails as it does where user namespaces are forbidden. */
  async function forbidNamespaces(): Promise<void> {
    const bin = join(dir, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'unshare'), '#!/bin/sh\nexit 1\n');
    await chmod(join(bin, 'unshare'), 0o755);
    vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
  }

  it('runs as nobody where user namespaces are forbidden, also on what it made in one', async () => {
    const first = await start({ durable: false });
    await ask(first.url(), 'create table kept as select 42 as n');
    await first.stop();
    await forbidNamespaces();
    const second = await start();
    expect((await stat(`/proc/${second.pid}`)).uid).toBe(65_534);
    expect(await ask(second.url(), 'select n from kept')).toBe(42);
    await second.stop();
    vi.unstubAllEnvs();
    expect(await ask((await start()).url(), 'select n from kept')).toBe(42);
  });

  it('can be made by nobody from the start', async () => {
    await forbidNamespaces();
    expect(await ask((await start()).url(), 'select 1')).toBe(1);
    expect((await stat(dataDir)).uid).toBe(65_534);
  });
});
