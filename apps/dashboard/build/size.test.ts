import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { dist, ensureBuilt } from './build.ts';

beforeAll(() => ensureBuilt(() => undefined));

it('the scripts of the first paint are less than 150 kB, packed', async () => {
  const page = await readFile(join(dist, 'index.html'), 'utf8');
  const first = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, file = '']) => file);
  const sizes = await Promise.all(
    first.map(async (file) => gzipSync(await readFile(join(dist, file))).length),
  );
  expect(sizes.length).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(150_000);
});

it('the page loads nothing but its own files, and has no script or style in it', async () => {
  const page = await readFile(join(dist, 'index.html'), 'utf8');
  const loaded = [...page.matchAll(/<(?:script|link)[^>]*(?:src|href)="([^"]+)"/g)].map(
    ([, url = '']) => url,
  );
  const files = (await readdir(join(dist, 'assets'))).map((file) => `/assets/${file}`);
  expect(files).toEqual(expect.arrayContaining(loaded));
  expect(page).not.toMatch(/<style|style=|<script(?![^>]* src=)/);
});

it('is not built again while nothing has changed', async () => {
  const reported: string[] = [];
  await ensureBuilt((line) => reported.push(line));
  expect(reported).toEqual([]);
});
