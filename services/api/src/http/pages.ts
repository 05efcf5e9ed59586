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

const readOwnFile = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
const template = readOwnFile('page.html');
const readerStart = readOwnFile('start-reader.js');

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
    'Paceline API: problem types',
    `<main class="text">\n<h1>Problem types</h1>\n<p>Errors are <code>application/problem+json</code> (RFC 9457).</p>\n${sections.join('\n')}\n</main>`,
  );
}

/** One file of the package @scalar/api-reference, served from disk: the page loads nothing from other hosts. */
const reader = (() => {
  const manifest = findPackageJSON('@scalar/api-reference', import.meta.url) ?? '';
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return {
    file: join(dirname(manifest), 'dist/browser/standalone.js'),
    path: `/docs/scalar-${version}.js`,
  };
})();

const startPath = '/docs/start.js';

/** A page can load our own files, and what these parameters add. */
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
/** The reader sets inline styles, hence 'unsafe-inline'; scripts and requests stay restricted to our own. */
const readerPolicy = pagePolicy(" 'unsafe-inline'", ' blob:', ["font-src 'self' data:"]);

function sendPage(c: Context, html: string, policy: string) {
  c.header('content-security-policy', policy);
  c.header('cache-control', 'no-cache');
  return c.html(html);
}

/** For files whose name contains their version. */
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
    // Hono never reads the body of a HEAD, so the file would stay open.
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    return c.body(Readable.toWeb(createReadStream(reader.file)) as ReadableStream<Uint8Array>, 200, headers);
  });
}

const contentTypes: Record<string, string> = {
  '.js': script,
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Serves the dashboard that was built into `folder`; without one, `/` redirects to the API reader. */
export function dashboardRoutes(app: OpenAPIHono, folder: string): void {
  app.get('/', async (c) => {
    const page = await readIfExists(join(folder, 'index.html'));
    return page ? sendPage(c, page.toString(), dashboardPolicy) : c.redirect('/docs');
  });

  app.get('/assets/:file{[\\w-]+\\.[\\w.-]+}', compress(), async (c) => {
    const name = c.req.param('file');
    const type = contentTypes[extname(name)];
    const file = type && (await readIfExists(join(folder, 'assets', name)));
    if (!file) throw new Problem('not-found', `${c.req.path} does not exist`);
    return c.body(new Uint8Array(file), 200, { 'content-type': type, 'cache-control': forever });
  });
}

async function readIfExists(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
