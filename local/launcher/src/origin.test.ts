import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@paceline/shared/config';
import { originOf } from '@paceline/shared/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertOwnFolder, markFolder } from './origin.ts';
import { startStack } from './stack.ts';
import { openState, type StateFolder } from './state.ts';

let folder: string;
let state: StateFolder;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-origin-'));
  state = await openState(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const clock = 'scale=60,anchor=1764788400000';
const sandbox = originOf(undefined, { scale: 60, anchor: 1_764_788_400_000 });
const upstream = { ZWIFTRACING_BASE_URL: 'https://upstream.example/api', ZWIFTRACING_API_KEY: 'k' };

/** What `npm start` does with this environment, and what it reported before it failed. */
async function startWith(env: Record<string, string>) {
  const reported: string[] = [];
  const started: string[] = [];
  const error = await startStack({
    stateFolder: folder,
    env: { API_PORT: '0', ...env },
    report: (line) => reported.push(line),
    beforeStart: async () => {
      started.push('started');
      throw new Error('far enough');
    },
  }).catch((failed: unknown) => failed);
  return { error, reported, started };
}

describe('npm start on the state of a sandbox', () => {
  beforeEach(async () => {
    await writeFile(state.path('clock'), clock);
    await markFolder(state, sandbox);
  });

  it.each([
    ['a real upstream', upstream, 'Set ZWIFTRACING_BASE_URL and PACELINE_CLOCK back'],
    [
      'another speed of the clock',
      { PACELINE_CLOCK: 'scale=10,anchor=1764788400000' },
      'Set PACELINE_CLOCK back',
    ],
  ])('with %s is refused with what to do, before anything starts', async (_, env, advice) => {
    const { error, reported, started } = await startWith(env);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toContain(advice);
    expect((error as Error).message).toContain('npm run reset');
    expect([reported, started]).toEqual([[], []]);
  });

  it('continues with the same sandbox, and with another key', async () => {
    for (const env of [{}, { ZWIFTRACING_API_KEY: 'another-key' }])
      expect((await startWith(env)).started).toEqual(['started']);
  });

  it('accepts a real upstream when broker and database are elsewhere', async () => {
    const servers = { NATS_URL: 'nats://127.0.0.1:1', DATABASE_URL: 'postgres://127.0.0.1:1/p' };
    expect((await startWith({ ...upstream, ...servers })).started).toEqual(['started']);
  });
});

it.each(['API_PORT', 'SANDBOX_PORT'])('npm start checks %s before anything starts', async (variable) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const taken = await startWith({ [variable]: String(port) });
  expect((taken.error as Error).message).toContain(`port ${port} is already in use`);
  const wrong = await startWith({ [variable]: 'many' });
  expect((wrong.error as Error).message).toContain(`${variable} must be a whole number from 0 to 65535`);
  expect([taken.started, wrong.started]).toEqual([[], []]);
  other.close();
});

describe('the state folder', () => {
  const own = originOf('https://upstream.example/api', { scale: 1, anchor: 0 });

  it('belongs to the sandbox if it has a clock, in a version that did not mark it', async () => {
    await writeFile(state.path('clock'), clock);
    await expect(assertOwnFolder(state, sandbox, ['broker', 'database'])).resolves.toBeUndefined();
    await expect(assertOwnFolder(state, own, ['broker', 'database'])).resolves.toBeUndefined();
    await writeFile(state.path('nats-password-provision'), 'secret');
    await expect(assertOwnFolder(state, own, ['broker', 'database'])).rejects.toThrow(
      'the state on the broker and in the database belongs to another system',
    );
  });

  it('is refused for the server whose state it keeps', async () => {
    await markFolder(state, sandbox);
    await expect(assertOwnFolder(state, own, ['broker'])).rejects.toThrow('use another broker, or delete');
    await expect(assertOwnFolder(state, own, ['database'])).rejects.toThrow(
      'use another database, or delete',
    );
    await expect(assertOwnFolder(state, own, [])).resolves.toBeUndefined();
  });
});
