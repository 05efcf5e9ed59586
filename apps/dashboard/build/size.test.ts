import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { dist, ensureBuilt } from './build.ts';

beforeAll(() => ensureBuilt(() => undefined));

it('the initial scripts are smaller than 150 kB, gzipped', async () => {
  const page = await readFile(join(dist, 'index.html'), 'utf8');
  const initial = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, file = '']) => file);
  const sizes = await Promise.all(
    initial.map(async (file) => gzipSync(await readFile(join(dist, file))).length),
  );
  expect(sizes.length).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(150_000);
});

it('the page loads only its own files and has no inline script or style', async () => {
  const page = await readFile(join(dist, 'index.html'), 'utf8');
  const loaded = [...page.matchAll(/<(?:script|link)[^>]*(?:src|href)="([^"]+)"/g)].map(
    ([, url = '']) => url,
  );
  const files = (await readdir(join(dist, 'assets'))).map((file) => `/assets/${file}`);
  expect(files).toEqual(expect.arrayContaining(loaded));
  expect(page).not.toMatch(/<style|style=|<script(?![^>]* src=)/);
});

it('the build is skipped when nothing has changed', async () => {
  const reported: string[] = [];
  await ensureBuilt((line) => reported.push(line));
  expect(reported).toEqual([]);
});
