import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { smallHeap } from './processes.ts';
import { root } from './state.ts';
import { usageFor } from './usage.ts';

const start = [process.execPath, join(root, 'local/launcher/src/main.ts')];
const backupMain = [process.execPath, join(root, 'local/launcher/src/backup/main.ts')];
const reset = ['sh', join(root, 'scripts/reset.sh')];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-usage-'));
  await mkdir(join(folder, '.paceline'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function run([program = '', ...args]: readonly string[], ...more: string[]) {
  const { status, stdout, stderr } = spawnSync(program, [...args, ...more], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr, keepsState: existsSync(join(folder, '.paceline')) };
}

it('npm start runs the launcher with a heap as small as that of the services', () => {
  expect(manifest.scripts.start).toBe(
    `exec sh scripts/run.sh ${smallHeap.join(' ')} local/launcher/src/main.ts`,
  );
});

describe.each([
  ['npm start', start],
  ['npm run reset', reset],
  ['npm run backup', [...backupMain, 'backup']],
  ['npm run restore', [...backupMain, 'restore']],
])('%s', (name, command) => {
  it('prints its usage for --help and does nothing', () => {
    const { status, stdout, keepsState } = run(command, '--help');
    expect([status, keepsState]).toEqual([0, true]);
    expect(stdout).toContain(name);
  });

  it('rejects an unknown argument with its usage and does nothing', () => {
    const { status, stderr, keepsState } = run(command, '--port');
    expect([status, keepsState]).toEqual([2, true]);
    expect(stderr).toContain(name);
  });
});

it('npm run reset deletes the state', () => {
  expect(run(reset)).toMatchObject({ status: 0, keepsState: false });
});

it('npm start without arguments starts', () => {
  expect(usageFor([])).toBeUndefined();
});
