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
import { createJournalWriter, kindsOf } from './core/testing.ts';
import { run } from './run.ts';

const minute = 60_000;
const key = 'a-key';
const account = accountOf(key);
const validPartition = 2;
const violatedPartition = 5;

let nats: TestNats;
let admin: NatsConnection;
let folder: string;
/** Credentials of a user that can only read the journal. */
let url: string;

/** The limiter's journal permissions, without the one that changes it. */
const readPermissions = permissionsOf('limiter').publish.filter(
  (subject) => subject.includes(`.${catalog.journal.stream}`) && !subject.includes('PURGE'),
);

beforeAll(async () => {
  const { subscribe } = permissionsOf('limiter');
  nats = await testNats({
    users: [
      { user: 'provision', password: 'p', publish: ['>'], subscribe: ['>'] },
      { user: 'reader', password: 'p', publish: readPermissions, subscribe },
    ],
  });
  const urlFor = (user: string) => nats.url.replace('//', `//${user}:p@`);
  url = urlFor('reader');
  admin = await connect(urlFor('provision'), 'provision');
  await provision(admin);
  folder = await mkdtemp(join(tmpdir(), 'paceline-audit-'));

  const good = journalOf(validPartition, 0);
  good.claim();
  good.start('a', 0);
  good.settle('a', 400);
  good.start('b', 400 + minute);
  good.settle('b', 800 + minute);
  await append(good);
  const bad = journalOf(violatedPartition, 5);
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

const journalOf = (partition: number, after: number) =>
  createJournalWriter('signups', { account, partition, after, step: 1 });

/** Publishes a written journal to the broker, entry by entry, as a limiter does. */
async function append({ entries }: ReturnType<typeof createJournalWriter>): Promise<void> {
  for (const { partition, sequence, entry } of entries) {
    const subject = subjectOf(catalog.journal, { partition });
    const { seq } = await jetstream(admin).publish(subject, encode(journalEntry, entry));
    expect(seq).toBe(sequence);
  }
}

/** Runs the command on a clock that does not advance. */
async function command(
  args: readonly string[],
  env: NodeJS.ProcessEnv = { NATS_URL: url },
  machine = manualMachine(),
) {
  const printed: string[] = [];
  const out = (text: string) => void printed.push(text);
  const code = await run(args, env, { out, error: out }, machine);
  return { code, text: printed.join('\n') };
}

const streamState = async () =>
  (await (await jetstreamManager(admin)).streams.info(catalog.journal.stream)).state;

describe('the command on a real broker', () => {
  it('certifies a valid journal and prints a table of its budgets', async () => {
    const { code, text } = await command(['--partition', String(validPartition)]);
    expect(code).toBe(0);
    expect(text).toMatch(/^Partition 2: 5 entries, 2027-/);
    expect(text).toMatch(/signups +1 call per minute +2 +1 of 1 +100.0 % +0 +- +ok/);
    expect(text).toContain('Certified: 2 calls on 1 budget');
  });

  it('reports the violation in an invalid journal', async () => {
    const { code, text } = await command([]);
    expect(code).toBe(1);
    expect(text).toMatch(
      /VIOLATION \[over_limit\] signups, key-.*: 6-b was started at .* as call 2 in a window/,
    );
    expect(text).toMatch(/NOT certified: 4 calls on 2 budgets, 1 violation\./);
  });

  it('prints the certificate as JSON', async () => {
    const { code, text } = await command(['--json', '--partition', String(violatedPartition)]);
    expect(code).toBe(1);
    const result = JSON.parse(text) as Audit;
    expect(result.certified).toBe(false);
    expect(kindsOf(result)).toEqual(['over_limit']);
  });

  it('saves the journal and audits the saved file without a broker', async () => {
    const file = join(folder, 'journal.ndjson');
    const live = await command(['--save', file, '--json']);
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(9);
    const stored = await command(['--file', file, '--json'], {});
    expect(stored).toEqual(live);
    expect((await command(['--file', file, '--partition', String(validPartition)], {})).code).toBe(0);
  });

  it('leaves the stream unchanged and no consumer behind', async () => {
    const before = await streamState();
    await command([]);
    const { consumer_count, ...after } = await streamState();
    expect({ ...after, consumer_count }).toEqual({ ...before, consumer_count: 0 });
  });

  it('compares a journal with the arrivals at a sandbox', async () => {
    const journal = journalOf(validPartition, 0);
    const named = {
      ...journal.arrival(100),
      key: createHash('sha256').update(key).digest('hex').slice(0, 8),
    };
    const arrivals: LoggedArrival[] = [named, { ...named, arrivedAt: journal.at(600 + minute) }];
    const server = createServer((request, response) =>
      response.writeHead(request.url === '/control/audit' ? 200 : 404).end(JSON.stringify({ arrivals })),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, text } = await command(['--partition', String(validPartition), '--sandbox', root]);
    const wrongPath = await command(['--sandbox', `${root}/elsewhere`]);
    server.close();
    expect(code).toBe(0);
    expect(text).toMatch(/signups .* 2 +1 of 1 +0 +ok/);
    expect(wrongPath).toMatchObject({ code: 78, text: expect.stringContaining('status 404') });
  });
});

describe('wrong usage', () => {
  it.each([
    ['an unknown option', ['--fast'], "Unknown option '--fast'"],
    ['an unknown partition', ['--partition', '8'], '--partition must be one of 0, 1, 2, 3, 4, 5, 6, 7'],
    ['--file with --save', ['--file', 'a', '--save', 'b'], "can't be combined"],
    ['a sandbox that is not a URL', ['--sandbox', 'here'], '--sandbox must be'],
  ])('exits with 2 and the usage for %s', async (_, args, problem) => {
    const { code, text } = await command(args);
    expect(code).toBe(2);
    expect(text).toContain(problem);
    expect(text).toContain('npm run audit');
  });
});

describe('the command when no audit is possible', () => {
  it('exits with 78 for a missing file', async () => {
    const { code, text } = await command(['--file', '/nowhere/journal']);
    expect(code).toBe(78);
    expect(text).toContain("Can't read /nowhere/journal (ENOENT)");
  });

  it('exits with 78 for an invalid configuration', async () => {
    const { code, text } = await command([], { NATS_URL: 'here', ZWIFTRACING_TIER: 'gold' });
    expect(code).toBe(78);
    expect(text).toContain('ZWIFTRACING_TIER');
  });

  it('names the invalid line of a saved journal', async () => {
    const file = join(folder, 'torn.ndjson');
    await command(['--save', file]);
    await appendFile(file, '{"partition":2,"sequence":99}\n');
    const { code, text } = await command(['--file', file]);
    expect(code).toBe(78);
    expect(text).toContain(`${file}, line 10: not a journal entry`);
  });

  it('exits with 78 when no broker responds within 5 s', async () => {
    const hosts = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const unreachable = hosts.map((host) => `nats://limiter:p@${host}`).join(',');
    const machine = manualMachine();
    const running = command([], { NATS_URL: unreachable }, machine);
    await eventually(() => expect(machine.next()).toBe(5_000));
    machine.moveTo(5_000);
    const { code, text } = await running;
    expect(code).toBe(78);
    expect(text).toBe(`No response from the broker at ${hosts.join(', ')}. Is Paceline running?`);
  });

  it('passes the exit code to the process', async () => {
    const file = join(folder, 'whole.ndjson');
    await command(['--save', file]);
    const main = join(import.meta.dirname, 'main.ts');
    const codeOf = (...args: string[]) => spawnSync(process.execPath, [main, ...args]).status;
    expect(codeOf('--file', file)).toBe(1);
    expect(codeOf('--file', file, '--partition', String(validPartition))).toBe(0);
    expect(codeOf('--partition')).toBe(2);
  });
});

describe('the local broker', () => {
  it('is found by the state folder of npm start', async () => {
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

  it('includes every running server of a cluster', async () => {
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
