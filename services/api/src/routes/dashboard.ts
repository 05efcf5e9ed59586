import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { compress } from 'hono/compress';
import { Problem } from '../http/problem.ts';

const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The dashboard as it was built into `folder`. Where it was not, `/` leads to the API's reader. */
export function dashboardRoutes(app: OpenAPIHono, folder: string): void {
  app.get('/', async (c) => {
    const page = await fileOrNothing(join(folder, 'index.html'));
    if (!page) return c.redirect('/docs');
    c.header('content-security-policy', pagePolicy);
    c.header('cache-control', 'no-cache');
    return c.html(page.toString());
  });

  app.get('/assets/:file{[\\w-]+\\.[\\w.-]+}', compress(), async (c) => {
    const name = c.req.param('file');
    const type = types[extname(name)];
    const file = type && (await fileOrNothing(join(folder, 'assets', name)));
    if (!file) throw new Problem('not-found', `There is nothing at ${c.req.path}`);
    // Its name holds a hash of what is in it.
    const headers = { 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' };
    return c.body(new Uint8Array(file), 200, headers);
  });
}

async function fileOrNothing(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
