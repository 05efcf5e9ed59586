import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { dist, ensureBuilt } from './build.ts';

beforeAll(() => ensureBuilt(() => undefined));

const limit = 150_000;
const read = (file: string) => readFile(join(dist, 'assets', file), 'utf8');
const chunks = async () => (await readdir(join(dist, 'assets'))).filter((file) => file.endsWith('.js'));

/** The scripts that the browser loads before it can run these: they and everything that they import. */
async function loadedWith(files: readonly string[], loaded = new Set<string>()): Promise<Set<string>> {
  for (const file of files) {
    if (loaded.has(file)) continue;
    loaded.add(file);
    const imports = [...(await read(file)).matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)];
    await loadedWith(
      imports.map(([, name = '']) => name),
      loaded,
    );
  }
  return loaded;
}

async function scriptsOfOverview(): Promise<Set<string>> {
  const page = await readFile(join(dist, 'index.html'), 'utf8');
  const initial = [...page.matchAll(/(?:src|href)="\/assets\/([^"]+\.js)"/g)].map(([, file = '']) => file);
  const overview = (await chunks()).filter((file) => file.startsWith('OverviewPage-'));
  expect(initial.length).toBeGreaterThan(0);
  expect(overview).toHaveLength(1);
  return loadedWith([...initial, ...overview]);
}

it('the overview needs less than 150 kB of script, gzipped', async () => {
  const sizes = [...(await scriptsOfOverview())].map(async (file) => gzipSync(await read(file)).length);
  expect((await Promise.all(sizes)).reduce((sum, size) => sum + size)).toBeLessThan(limit);
});

it('every other page is loaded when it is opened', async () => {
  const overview = await scriptsOfOverview();
  const others = (await chunks()).filter(
    (file) => /^\w+Page-/.test(file) && !file.startsWith('OverviewPage-'),
  );
  expect(others.length).toBeGreaterThan(0);
  expect(others.filter((file) => overview.has(file))).toEqual([]);
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
