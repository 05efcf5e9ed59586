import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const home = fileURLToPath(new URL('..', import.meta.url));
const sources = [
  'index.html',
  'vite.config.ts',
  'package.json',
  'src/**/*',
  '../../packages/client/src/**/*',
  '../../packages/shared/src/definition/*',
  '../../pnpm-lock.yaml',
];

export const dist = join(home, 'dist');

/** Builds the dashboard if its sources have changed. @throws {Error} with the bundler's output */
export async function ensureBuilt(report: (line: string) => void): Promise<void> {
  if ((await changedAt(['dist/index.html'])) > (await changedAt(globSync(sources, { cwd: home })))) return;
  report('building the dashboard …');
  const target = join(home, `.dist-${process.pid}`);
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
  const args = [vite, 'build', '--logLevel', 'error', '--outDir', target, '--emptyOutDir'];
  try {
    await promisify(execFile)(process.execPath, args, {
      cwd: home,
      env: { ...process.env, NODE_ENV: 'production' },
    });
    await rm(dist, { recursive: true, force: true });
    await rename(target, dist);
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}

/** The latest modification time of the files, ms since the epoch; 0 when none exists. */
async function changedAt(files: readonly string[]): Promise<number> {
  const times = files.map((file) => stat(join(home, file)).then(({ mtimeMs }) => mtimeMs));
  return Math.max(
    0,
    ...(await Promise.allSettled(times)).map((each) => (each.status === 'fulfilled' ? each.value : 0)),
  );
}
