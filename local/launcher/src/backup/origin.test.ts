import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@paceline/shared/config';
import { type Origin, originOf } from '@paceline/shared/contracts';
import { migrate, openDatabase, tables } from '@paceline/shared/database';
import { newDatabaseUrl } from '@paceline/shared/database/testing';
import { sharedBrokerAccount } from '@paceline/shared/testing/backend';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepare, retentionVariables } from '../prepare.ts';
import { backup, restore } from './commands.ts';
import { marksOf, withConnections } from './take.ts';

const sandbox = originOf(undefined, { scale: 60, anchor: 1_764_788_400_000 });
const upstream = originOf('https://upstream.example/api', { scale: 1, anchor: 0 });

let folder: string;
let output: string[];

beforeEach(async () => {
  output = [];
  folder = await mkdtemp(join(tmpdir(), 'paceline-origin-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface TestServers {
  readonly natsUrl: string;
  readonly databaseUrl: string;
}

const newServers = async (): Promise<TestServers> => ({
  natsUrl: (await sharedBrokerAccount())('admin'),
  databaseUrl: await newDatabaseUrl({ empty: true }),
});

const provisioned = async (own: Origin | undefined, servers?: TestServers): Promise<TestServers> => {
  const { natsUrl, databaseUrl } = servers ?? (await newServers());
  await prepare({ url: natsUrl, monitorUrls: [] }, databaseUrl, 1, loadConfig({}, retentionVariables), own);
  return { natsUrl, databaseUrl };
};

const contextOf = ({ natsUrl, databaseUrl }: TestServers) => ({
  env: { NATS_URL: natsUrl, DATABASE_URL: databaseUrl },
  stateFolder: join(folder, 'state'),
  out: (line: string) => output.push(line),
  error: (line: string) => output.push(line),
});

const to = () => join(folder, 'backup');
const backUp = (servers: TestServers) => backup(['--to', to()], contextOf(servers));
const restoreInto = (servers: TestServers) => restore(['--from', to()], contextOf(servers));
const marks = (servers: TestServers) => withConnections(servers, marksOf);

async function alertsIn({ databaseUrl }: TestServers, add = 0): Promise<number> {
  const { db, close } = openDatabase(databaseUrl, () => undefined);
  const texts = { key: 'k', type: 't', severity: 's', title: 't', why: 'w', todo: 't' };
  const at = { since: 1, raisedAt: 1, lastSeenAt: 1, resolvedAt: 1 };
  for (let id = 0; id < add; id += 1)
    await db.insert(tables.alerts).values({ id: String(id), ...texts, ...at });
  return db.$count(tables.alerts).finally(close);
}

describe('a backup of a marked system', () => {
  it.each([
    ['new servers', newServers],
    ['servers provisioned for the same system', () => provisioned(sandbox)],
  ])('is restored into %s with its origin, and says it', async (_, target) => {
    const before = await provisioned(sandbox);
    await alertsIn(before, 2);
    expect(await backUp(before), output.join('\n')).toBe(0);
    const after = await target();
    expect(await restoreInto(after), output.join('\n')).toBe(0);
    expect(await marks(after)).toEqual({ broker: sandbox, database: sandbox });
    expect(await alertsIn(after)).toBe(2);
    expect(output.join('\n')).toContain(`It belongs to upstream "sandbox" and clock "${sandbox.clock}"`);
    await provisioned(sandbox, after);
    await expect(provisioned(upstream, after)).rejects.toThrow('on the broker and in the database');
  });

  it('is not restored into servers that were provisioned for another one', async () => {
    const before = await provisioned(sandbox);
    await alertsIn(before, 1);
    await backUp(before);
    const after = await provisioned(upstream);
    expect(await restoreInto(after)).toBe(1);
    expect(output.at(-1)).toContain(
      'the broker was provisioned for another system: its upstream is "upstream.example/api", the backup\'s "sandbox"',
    );
    expect(await marks(after)).toEqual({ broker: upstream, database: upstream });
    expect(await alertsIn(after)).toBe(0);
  });
});

it('servers of two systems are not backed up', async () => {
  const [{ natsUrl }, { databaseUrl }] = [await provisioned(sandbox), await provisioned(upstream)];
  expect(await backUp({ natsUrl, databaseUrl })).toBe(78);
  expect(output.at(-1)).toContain(
    'the state in the database belongs to another system than that on the broker',
  );
});

describe('a backup of an earlier version', () => {
  it('gives the database the mark of its broker', async () => {
    const { natsUrl } = await provisioned(sandbox);
    const databaseUrl = await newDatabaseUrl({ empty: true });
    await migrate(databaseUrl, 2);
    expect(await backUp({ natsUrl, databaseUrl }), output.join('\n')).toBe(0);
    const file = join(to(), 'manifest.json');
    const { origin: _, ...earlier } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify(earlier));
    for (const target of [await newServers(), await provisioned(upstream)]) {
      expect(await restoreInto(target), output.join('\n')).toBe(0);
      expect(await marks(target)).toEqual({ broker: sandbox, database: sandbox });
      expect(output.join('\n')).toContain('It belongs to upstream "sandbox"');
      output = [];
    }
  });
});
