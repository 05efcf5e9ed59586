import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, portIsFree } from '@paceline/embedded';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startStack } from './stack.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-stack-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('stops the broker and the database when the sandbox, which starts beside them, cannot start', async () => {
  const ports: number[] = [];
  const starting = startStack({
    stateFolder: folder,
    env: { ...process.env, API_PORT: '0', SANDBOX_API_KEYS: 'a key without its tier' },
    report: () => undefined,
    async findPort() {
      const port = await freePort();
      ports.push(port);
      return port;
    },
  });
  await expect(starting).rejects.toThrow('sandbox exited during start-up');
  expect(existsSync(join(folder, 'nats/jetstream'))).toBe(true);
  expect(existsSync(join(folder, 'postgres/data/PG_VERSION'))).toBe(true);
  expect(existsSync(join(folder, 'postgres/data/postmaster.pid'))).toBe(false);
  expect(await Promise.all(ports.map((port) => portIsFree(port)))).toEqual([true, true, true]);
});
