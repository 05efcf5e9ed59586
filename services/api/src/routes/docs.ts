import { createReadStream, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { compress } from 'hono/compress';
import { problemsPage, readerPage, readerStart } from '../http/pages.ts';

/** The reader is one file of a package, served from our own disk: nothing is loaded from elsewhere. */
const reader = (() => {
  const manifest = findPackageJSON('@scalar/api-reference', import.meta.url) ?? '';
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return {
    file: join(dirname(manifest), 'dist/browser/standalone.js'),
    path: `/docs/scalar-${version}.js`,
  };
})();

const startPath = '/docs/start.js';

/** The reader styles its elements one by one, hence 'unsafe-inline' for styles; scripts and requests are ours only. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const script = 'text/javascript; charset=utf-8';

/** The API's reader and its list of problems. */
export function docsRoutes(app: OpenAPIHono): void {
  const page = (c: Context, html: string) => {
    c.header('content-security-policy', pagePolicy);
    c.header('cache-control', 'no-cache');
    return c.html(html);
  };
  app.get('/docs', (c) => page(c, readerPage(reader.path, startPath)));
  app.get('/docs/problems', (c) => page(c, problemsPage()));
  app.get(startPath, (c) =>
    c.body(readerStart, 200, { 'content-type': script, 'cache-control': 'no-cache' }),
  );
  app.get(reader.path, compress(), async (c) => {
    const { size } = await stat(reader.file);
    const headers = {
      'content-type': script,
      'content-length': String(size),
      // The path holds the version.
      'cache-control': 'public, max-age=31536000, immutable',
    };
    // Asked for its headers only, nobody would read the file to its end, nor close it.
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    return c.body(Readable.toWeb(createReadStream(reader.file)) as ReadableStream<Uint8Array>, 200, headers);
  });
}
