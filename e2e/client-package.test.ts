import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from './testing/browser.ts';
import { serveFolder } from './testing/files.ts';

const token = 'a-token-for-the-frontend';
const viewerToken = 'a-token-that-can-only-read';
const root = join(import.meta.dirname, '..');
const source = join(root, 'packages/client');
const run = promisify(execFile);

/** This Node, and each other version on the path, by version. */
const nodes = new Map(
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((part) => join(part, 'node'))
    .filter(existsSync)
    .concat(process.execPath)
    .map((node) => [execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(), node]),
);

/** The TypeScript of docs/frontend.md. */
const snippets = [
  ...readFileSync(join(root, 'docs/frontend.md'), 'utf8').matchAll(/^```(tsx?)\n(.*?)^```/gms),
].map(([, kind, code = '']) => ({ kind, code }));

/** A project outside the workspace that has installed the packed client. */
let folder: string;
let files: string[];
let pages: Awaited<ReturnType<typeof serveFolder>>;
let stack: TestStack;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-frontend-'));
  pages = await serveFolder(folder);
  [stack, browser] = await Promise.all([
    startTestStack(oneEvening(12), {
      API_TOKEN: token,
      API_VIEWER_TOKEN: viewerToken,
      API_CORS_ORIGINS: pages.origin,
    }),
    openBrowser(),
  ]);
  const { stdout } = await run('npm', ['pack', '--silent', '--json', '--pack-destination', folder], {
    cwd: source,
  });
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: Array<{ path: string }> }];
  files = packed.files.map(({ path }) => path);
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  // Offline, because the package needs no other.
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${packed.filename}`], {
    cwd: folder,
  });
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([stack?.stop(), pages?.close()]);
  await rm(folder, { recursive: true, force: true });
});

it('the package has the build, its types and the licences, and no source', () => {
  expect(files).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.js', 'dist/licenses.md', 'dist/index.d.ts']),
  );
  expect(files.filter((path) => path.startsWith('src/') || path.includes('test'))).toEqual([]);
});

describe('a page of another origin', () => {
  it('adds a rider, shows the progress and lists the rider once it has arrived', async () => {
    const html = await readFile(join(source, 'example/index.html'), 'utf8');
    await writeFile(join(folder, 'index.html'), html.replace('http://127.0.0.1:3000', stack.apiUrl));
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    page.on('dialog', (dialog) => void dialog.accept(token));
    await page.goto(`${pages.origin}/index.html`);
    await page.getByPlaceholder('Rider id').fill('4900123');
    await page.getByRole('button', { name: 'Add rider' }).click();
    await page.getByText('Rider 4900123: added').waitFor();
    const { name } = await stack.api.call('GET /v1/riders/{riderId}', { path: { riderId: 4_900_123 } });
    await page.locator('pre').getByText(name).waitFor();
    expect(errors).toEqual([]);
  });

  it('shows why the API refuses a request', async () => {
    const page = await browser.newPage();
    page.on('dialog', (dialog) => void dialog.accept('a-wrong-token-of-enough-length'));
    await page.goto(`${pages.origin}/index.html`);
    await eventually(async () => expect(await page.locator('output').innerText()).toBe('Invalid token'));
  });
});

it('the EventSource of docs/frontend.md receives what changes, with a token for streams only', async () => {
  const { code = '' } = snippets.find((each) => each.code.includes('new EventSource(')) ?? {};
  const script = code
    .replace('https://paceline.example', stack.apiUrl)
    .replace('the viewer token', viewerToken)
    .replace('@paceline/client', './node_modules/@paceline/client/dist/index.js');
  await writeFile(join(folder, 'stream.html'), `<script type="module">${script}</script>`);
  const page = await browser.newPage();
  const opened = page.waitForResponse(`${stack.apiUrl}/v1/stream?**`);
  const logged = page.waitForEvent('console');
  await page.goto(`${pages.origin}/stream.html`);
  expect((await opened).status()).toBe(200);
  const { commandId } = await stack.api.call('POST /v1/riders', { body: { riderId: 4_900_300 } });
  expect(await (await logged).args()[0]?.jsonValue()).toMatchObject({ commandId, riderId: 4_900_300 });
});

describe('a program', () => {
  it.each([...nodes].map(([version, node], index) => [version, 4_900_200 + index, node] as const))(
    'of Node %s adds rider %i and follows it until it has arrived',
    async (_, riderId, node) => {
      await copyFile(join(source, 'example/main.mjs'), join(folder, 'main.mjs'));
      const { stdout } = await run(node, ['main.mjs', String(riderId)], {
        cwd: folder,
        env: { PACELINE_URL: stack.apiUrl, PACELINE_TOKEN: token },
      });
      const { name } = await stack.api.call('GET /v1/riders/{riderId}', { path: { riderId } });
      expect(stdout).toContain(`Rider ${riderId}: added\n${name}: `);
    },
  );
});

it('the snippets of docs/frontend.md are typed by the package alone', async () => {
  expect(snippets.length).toBeGreaterThan(3);
  const names = snippets.map(({ kind }, index) => `snippet-${index}.${kind}`);
  await Promise.all(snippets.map(({ code }, index) => writeFile(join(folder, names[index] ?? ''), code)));
  const ofDashboard = (name: string) => [join(root, 'apps/dashboard/node_modules', name)];
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable'],
    module: 'esnext',
    moduleResolution: 'bundler',
    jsx: 'react-jsx',
    strict: true,
    noEmit: true,
    types: [],
    paths: {
      react: ofDashboard('@types/react'),
      'react/jsx-runtime': ofDashboard('@types/react/jsx-runtime'),
      '@tanstack/react-query': ofDashboard('@tanstack/react-query'),
    },
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: names }));
  const tsc = run(join(root, 'node_modules/.bin/tsc'), ['--project', folder]);
  expect(await tsc.catch(({ stdout }: { stdout: string }) => stdout)).toMatchObject({ stdout: '' });
});
