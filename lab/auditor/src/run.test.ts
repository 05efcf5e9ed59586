import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { findNatsServer, freePort, startNats } from '@paceline/embedded';
import { manualMachine } from '@paceline/shared/clock';
import { catalog, journalEntry, permissionsOf, subjectOf } from '@paceline/shared/contracts';
import { accountOf } from '@paceline/shared/limiter';
import { connect, encode, provision } from '@paceline/shared/messaging';
import { eventually, type TestNats, testNats } from '@paceline/shared/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localBroker, readJournals } from './adapters/journals.ts';
import type { LoggedArrival } from './core/arrivals.ts';
import type { Audit } from './core/audit.ts';
import { createScribe, kindsOf } from './core/testing.ts';
import { run } from './run.ts';

const minute = 60_000;
const key = 'a-key';
const account = accountOf(key);
/** The partitions of the journals below. */
const kept = 2;
const broken = 5;

let nats: TestNats;
let admin: NatsConnection;
let folder: string;
/** Of a user who may read the journal, and nothing else. */
let url: string;

/** What a limiter may do with a journal, without what changes it. */
const reading = permissionsOf('limiter').publish.filter(
  (subject) => subject.includes(`.${catalog.journal.stream}`) && !subject.includes('PURGE'),
);

beforeAll(async () => {
  const { subscribe } = permissionsOf('limiter');
  nats = await testNats({
    users: [
      { user: 'provision', password: 'p', publish: ['>'], subscribe: ['>'] },
      { user: 'reader', password: 'p', publish: reading, subscribe },
    ],
  });
  const urlFor = (user: string) => nats.url.replace('//', `//${user}:p@`);
  url = urlFor('reader');
  admin = await connect(urlFor('provision'), 'provision');
  await provision(admin);
  folder = await mkdtemp(join(tmpdir(), 'paceline-audit-'));

  const good = scribeOf(kept, 0);
  good.claim();
  good.start('a', 0);
  good.settle('a', 400);
  good.start('b', 400 + minute);
  good.settle('b', 800 + minute);
  await append(good);
  const bad = scribeOf(broken, 5);
  bad.claim();
  bad.start('a', 0);
  bad.settle('a', 400);
  bad.start('b', 399 + minute);
  await append(bad);
});

afterAll(async () => {
  await admin?.close();
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

const scribeOf = (partition: number, after: number) =>
  createScribe('signups', { account, partition, after, step: 1 });

/** Writes to the broker what a scribe has written, entry by entry, as a limiter does. */
async function append({ entries }: ReturnType<typeof createScribe>): Promise<void> {
  for (const { partition, sequence, entry } of entries) {
    const subject = subjectOf(catalog.journal, { partition });
    const { seq } = await jetstream(admin).publish(subject, encode(journalEntry, entry));
    expect(seq).toBe(sequence);
  }
}

/** Runs the command, and gives its exit code beside what it said. Its time stands still. */
async function command(
  args: readonly string[],
  env: NodeJS.ProcessEnv = { NATS_URL: url },
  machine = manualMachine(),
) {
  const said: string[] = [];
  const out = (text: string) => void said.push(text);
  const code = await run(args, env, { out, error: out }, machine);
  return { code, said: said.join('\n') };
}

const streamState = async () =>
  (await (await jetstreamManager(admin)).streams.info(catalog.journal.stream)).state;

describe('the command on a real broker', () => {
  it('certifies a journal that keeps the law, with a table of its budgets', async () => {
    const { code, said } = await command(['--partition', String(kept)]);
    expect(code).toBe(0);
    expect(said).toMatch(/^Partition 2: 5 entries, 2027-/);
    expect(said).toMatch(/signups +1 call per minute +2 +1 of 1 +100.0 % +0 +- +holds/);
    expect(said).toContain('Certified: 2 calls on 1 budget');
  });

  it('certifies none that does not, and says why', async () => {
    const { code, said } = await command([]);
    expect(code).toBe(1);
    expect(said).toMatch(
      /BROKEN \[over_full\] signups of key-.*: 6-b was started at .* as call 2 of a window/,
    );
    expect(said).toMatch(/NOT certified: 4 calls on 2 budgets, and laws are broken: 1 finding/);
  });

  it('tells programs the same as JSON', async () => {
    const { code, said } = await command(['--json', '--partition', String(broken)]);
    expect(code).toBe(1);
    const judged = JSON.parse(said) as Audit;
    expect(judged.certified).toBe(false);
    expect(kindsOf(judged)).toEqual(['over_full']);
  });

  it('stores the journal that it reads, and judges it again without a broker', async () => {
    const file = join(folder, 'journal.ndjson');
    const live = await command(['--save', file, '--json']);
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(9);
    const stored = await command(['--file', file, '--json'], {});
    expect(stored).toEqual(live);
    expect((await command(['--file', file, '--partition', String(kept)], {})).code).toBe(0);
  });

  it('changes nothing and leaves nothing behind', async () => {
    const before = await streamState();
    await command([]);
    const { consumer_count, ...after } = await streamState();
    expect({ ...after, consumer_count }).toEqual({ ...before, consumer_count: 0 });
  });

  it('holds a journal against what arrived at a sandbox', async () => {
    const scribe = scribeOf(kept, 0);
    const named = { ...scribe.arrival(100), key: createHash('sha256').update(key).digest('hex').slice(0, 8) };
    const arrivals: LoggedArrival[] = [named, { ...named, arrivedAt: scribe.at(600 + minute) }];
    const server = createServer((request, response) =>
      response.writeHead(request.url === '/control/audit' ? 200 : 404).end(JSON.stringify({ arrivals })),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, said } = await command(['--partition', String(kept), '--sandbox', root]);
    const lost = await command(['--sandbox', `${root}/elsewhere`]);
    server.close();
    expect(code).toBe(0);
    expect(said).toMatch(/signups .* 2 +1 of 1 +0 +holds/);
    expect(lost).toMatchObject({ code: 78, said: expect.stringContaining('it answered 404') });
  });
});

describe('the command called wrongly', () => {
  it.each([
    ['an option that it does not know', ['--fast'], "Unknown option '--fast'"],
    ['a partition that is none', ['--partition', '8'], '--partition must be one of 0, 1, 2, 3, 4, 5, 6, 7'],
    ['two journals at once', ['--file', 'a', '--save', 'b'], 'exclude each other'],
    ['a sandbox that is no URL', ['--sandbox', 'here'], '--sandbox must be'],
  ])('ends with 2 for %s, and says how it is meant', async (_, args, says) => {
    const { code, said } = await command(args);
    expect(code).toBe(2);
    expect(said).toContain(says);
    expect(said).toContain('npm run audit');
  });
});

describe('the command that cannot judge', () => {
  it('ends with 78 for a file that is not there', async () => {
    const { code, said } = await command(['--file', '/nowhere/journal']);
    expect(code).toBe(78);
    expect(said).toContain("can't be read (ENOENT)");
  });

  it('ends with 78 for a configuration that is wrong', async () => {
    const { code, said } = await command([], { NATS_URL: 'here', ZWIFTRACING_TIER: 'gold' });
    expect(code).toBe(78);
    expect(said).toContain('ZWIFTRACING_TIER');
  });

  it('names the line of a stored journal that is none', async () => {
    const file = join(folder, 'torn.ndjson');
    await command(['--save', file]);
    await appendFile(file, '{"partition":2,"sequence":99}\n');
    const { code, said } = await command(['--file', file]);
    expect(code).toBe(78);
    expect(said).toContain(`line 10 of ${file} is no entry of a journal`);
  });

  it('ends with 78 when no broker answers, and does not wait for one longer than 5 s', async () => {
    const hosts = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const nobody = hosts.map((host) => `nats://limiter:p@${host}`).join(',');
    const machine = manualMachine();
    const running = command([], { NATS_URL: nobody }, machine);
    await eventually(() => expect(machine.next()).toBe(5_000));
    machine.moveTo(5_000);
    const { code, said } = await running;
    expect(code).toBe(78);
    expect(said).toBe(`No broker answers at ${hosts.join(', ')}: is Paceline running?`);
  });

  it('ends with its exit code as a process', async () => {
    const file = join(folder, 'whole.ndjson');
    await command(['--save', file]);
    const main = join(import.meta.dirname, 'main.ts');
    const codeOf = (...args: string[]) => spawnSync(process.execPath, [main, ...args]).status;
    expect(codeOf('--file', file)).toBe(1);
    expect(codeOf('--file', file, '--partition', String(kept))).toBe(0);
    expect(codeOf('--partition')).toBe(2);
  });
});

describe('the broker of this machine', () => {
  it('is found where npm start keeps its state', async () => {
    const password = 'its own';
    await writeFile(join(folder, 'nats-password-limiter'), password);
    expect(await localBroker(folder)).toBeUndefined();
    const { path: server } = await findNatsServer({ report: () => undefined });
    const broker = await startNats({
      server,
      storeDir: join(folder, 'nats'),
      users: [{ user: 'limiter', password, publish: ['>'], subscribe: ['>'] }],
    });
    try {
      const found = await localBroker(folder);
      expect(found).toBe(`nats://limiter:its%20own@127.0.0.1:${broker.port}`);
      await expect(readJournals(found ?? '', [0], manualMachine())).rejects.toThrow('stream not found');
    } finally {
      await broker.stop();
    }
    expect(await localBroker(folder)).toBeUndefined();
  });

  it('is each of a cluster that runs', async () => {
    const state = join(folder, 'of-a-cluster');
    for (const [index, name] of ['nats-1', 'nats-2', 'nats-3'].entries()) {
      await mkdir(join(state, name, 'ports'), { recursive: true });
      if (name === 'nats-2') continue;
      const written = JSON.stringify({ nats: [`nats://127.0.0.1:${index + 1}`] });
      await writeFile(join(state, name, 'ports', 'nats-server_1.ports'), written);
    }
    await writeFile(join(state, 'nats-password-limiter'), 'p');
    expect(await localBroker(state)).toBe('nats://limiter:p@127.0.0.1:1,nats://limiter:p@127.0.0.1:3');
  });
});
