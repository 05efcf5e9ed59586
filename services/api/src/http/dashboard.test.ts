import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAPIHono } from '@hono/zod-openapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handleError } from './errors.ts';
import { log } from '../testing/api.ts';
import { dashboardRoutes } from './pages.ts';

let folder: string;
const serve = (built: string) => {
  const app = new OpenAPIHono();
  app.onError(handleError(log));
  dashboardRoutes(app, built);
  return app;
};
const get = (path: string, headers: Record<string, string> = {}) => serve(folder).request(path, { headers });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-dashboard-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Paceline</title>');
  await writeFile(join(folder, 'assets/index-a1b2.js'), `console.log(${'1 + '.repeat(1_000)}1)`);
  await writeFile(join(folder, 'assets/notes.txt'), 'not served');
});
afterAll(() => rm(folder, { recursive: true }));

describe('the dashboard', () => {
  it('is the page at /, which can only load our own files and is revalidated each time', async () => {
    const page = await get('/');
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<title>Paceline</title>');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  });

  it('sends its files compressed and immutable', async () => {
    const script = await get('/assets/index-a1b2.js', { 'accept-encoding': 'gzip' });
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect(script.headers.get('content-encoding')).toBe('gzip');
  });

  it.each(['/assets/gone.js', '/assets/notes.txt', '/assets/..%2findex.html', '/assets/%2e%2e%2fmain.js'])(
    'returns 404 at %s',
    async (path) => expect((await get(path)).status).toBe(404),
  );

  it('redirects / to the API reader if it was not built', async () => {
    const response = await serve(join(folder, 'nowhere')).request('/');
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/docs');
  });
});
