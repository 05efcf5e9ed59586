import { createReadStream, readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { compress } from 'hono/compress';
import { Problem } from './problem.ts';
import problemTypes from './problems.json' with { type: 'json' };

const ours = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
const template = ours('page.html');
const readerStart = ours('start-reader.js');

const pageOf = (title: string, body: string) =>
  template.replace('{{title}}', title).replace('{{body}}', () => body);

const readerPage = (readerScript: string, startScript: string): string =>
  pageOf(
    'Paceline API',
    `<div id="reader"></div>
<noscript><main class="text">This page needs JavaScript. The API is described in <a href="/openapi.json">/openapi.json</a>.</main></noscript>
<script src="${readerScript}"></script>
<script src="${startScript}"></script>`,
  );

const inlineCode = (text: string) =>
  text.replace(/`([^`]+)`/g, '<code>$1</code>').replace(/<(?!\/?code>)/g, '&lt;');

function problemsPage(): string {
  const sections = Object.entries(problemTypes).map(
    ([type, { status, title, about }]) =>
      `<h2 id="${type}">${status} ${title}</h2>\n<p><code>${type}</code></p>\n<p>${inlineCode(about)}</p>`,
  );
  return pageOf(
    'Paceline API: problems',
    `<main class="text">\n<h1>What can go wrong</h1>\n<p>Errors are <code>application/problem+json</code> (RFC 9457).</p>\n${sections.join('\n')}\n</main>`,
  );
}

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

/** What a page may load: our own files, and what is named here besides. */
const pagePolicy = (styles = '', images = '', more: readonly string[] = []) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self'${styles}`,
    `img-src 'self' data:${images}`,
    ...more,
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
const dashboardPolicy = pagePolicy();
/** The reader styles its elements one by one, hence 'unsafe-inline' for styles; scripts and requests are ours only. */
const readerPolicy = pagePolicy(" 'unsafe-inline'", ' blob:', ["font-src 'self' data:"]);

function sendPage(c: Context, html: string, policy: string) {
  c.header('content-security-policy', policy);
  c.header('cache-control', 'no-cache');
  return c.html(html);
}

/** For a file whose name changes with what is in it. */
const forever = 'public, max-age=31536000, immutable';

const script = 'text/javascript; charset=utf-8';

export function docsRoutes(app: OpenAPIHono): void {
  app.get('/docs', (c) => sendPage(c, readerPage(reader.path, startPath), readerPolicy));
  app.get('/docs/problems', (c) => sendPage(c, problemsPage(), readerPolicy));
  app.get(startPath, (c) =>
    c.body(readerStart, 200, { 'content-type': script, 'cache-control': 'no-cache' }),
  );
  app.get(reader.path, compress(), async (c) => {
    const { size } = await stat(reader.file);
    const headers = { 'content-type': script, 'content-length': String(size), 'cache-control': forever };
    // The file of a HEAD would be neither read to its end nor closed.
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    return c.body(Readable.toWeb(createReadStream(reader.file)) as ReadableStream<Uint8Array>, 200, headers);
  });
}

const types: Record<string, string> = {
  '.js': script,
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The dashboard as it was built into `folder`. Where it was not, `/` leads to the API's reader. */
export function dashboardRoutes(app: OpenAPIHono, folder: string): void {
  app.get('/', async (c) => {
    const page = await readIfThere(join(folder, 'index.html'));
    return page ? sendPage(c, page.toString(), dashboardPolicy) : c.redirect('/docs');
  });

  app.get('/assets/:file{[\\w-]+\\.[\\w.-]+}', compress(), async (c) => {
    const name = c.req.param('file');
    const type = types[extname(name)];
    const file = type && (await readIfThere(join(folder, 'assets', name)));
    if (!file) throw new Problem('not-found', `There is nothing at ${c.req.path}`);
    return c.body(new Uint8Array(file), 200, { 'content-type': type, 'cache-control': forever });
  });
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
