import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withSession } from '@paceline/shared/database';
import { newDatabaseUrl } from '@paceline/shared/database/testing';
import { type SlowProxy, startSlowProxy } from '@paceline/shared/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { copyIn, copyOut } from './copies.ts';

const table = { name: 'kept', columns: ['n'] };
let folder: string;
let proxy: SlowProxy;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-silent-'));
  const direct = await newDatabaseUrl({ empty: true });
  proxy = await startSlowProxy(Number(new URL(direct).port), 0);
  url = Object.assign(new URL(direct), { port: String(proxy.port) }).href;
});
afterEach(async () => {
  await proxy.close();
  await rm(folder, { recursive: true, force: true });
});

it.each([
  ['backup', copyOut],
  ['restore', copyIn],
] as const)('a %s gives up when the database falls silent during a table', async (command, copy) => {
  const file = join(folder, 'kept.table');
  if (command === 'restore') await writeFile(file, '1\n');
  await expect(
    withSession(
      url,
      async (client) => {
        await client.query('create table kept (n integer)');
        proxy.holdResponses();
        await copy(client, table, file);
      },
      { silentMs: 100 },
    ),
  ).rejects.toThrow('The database accepted a statement and then said nothing for 0.1 s');
});
