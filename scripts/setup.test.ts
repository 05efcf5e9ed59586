import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder = '';
const write = (file: string, content: string) => {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), content, { mode: 0o755 });
};
const remove = (file: string) => rmSync(join(folder, file), { recursive: true });

/** Stands for the package manager: links each dependency that a manifest names, in its package. Fails as INSTALL says. */
const npx = `#!/bin/sh
echo installed >>log
mkdir -p node_modules/.bin node_modules/.pnpm/oak@1 packages/elm/node_modules/@tree
\${INSTALL:-true} || exit
touch node_modules/oak packages/elm/node_modules/@tree/oak
`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paceline-setup-'));
  for (const script of ['setup.sh', 'run.sh'])
    cpSync(fileURLToPath(new URL(script, import.meta.url)), join(folder, 'scripts', script));
  for (const file of ['.pnpmfile.mjs', 'pnpm-lock.yaml', 'pnpm-workspace.yaml']) write(file, '1');
  for (const file of ['package.json', 'trial/package.json', 'packages/elm/package.json']) write(file, '{}');
  write('bin/npx', npx);
});
afterEach(() => rmSync(folder, { recursive: true }));

function sh(args: readonly string[], env: Record<string, string> = {}) {
  const PATH = `${join(folder, 'bin')}:${process.env.PATH}`;
  return spawnSync('sh', args, { cwd: folder, encoding: 'utf8', env: { ...process.env, PATH, ...env } });
}
const setup = (env?: Record<string, string>) => sh(['scripts/setup.sh'], env);
const installations = () => readFileSync(join(folder, 'log'), 'utf8').match(/installed/g)?.length;

it('installs the dependencies once, and says so on stderr only', () => {
  const first = setup();
  expect(first).toMatchObject({ status: 0, stdout: '' });
  expect(first.stderr).toContain('installing dependencies');
  expect(setup()).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(installations()).toBe(1);
});

it.each([
  ['the lockfile changes', () => write('pnpm-lock.yaml', '2')],
  ['the workspace changes', () => write('pnpm-workspace.yaml', '2')],
  ['a hook of the package manager changes', () => write('.pnpmfile.mjs', '2')],
  ['a patch of a dependency is added', () => write('patches/oak.patch', '1')],
  ['the root manifest changes', () => write('package.json', '{ }')],
  ['the manifest of a package changes', () => write('packages/elm/package.json', '{ }')],
  ['the manifest of a package at the root changes', () => write('trial/package.json', '{ }')],
  ['a package is added', () => write('packages/ash/package.json', '{}')],
  ['everything installed is deleted', () => remove('node_modules')],
  ['the store of packages is deleted', () => remove('node_modules/.pnpm')],
  ['a stored package is deleted', () => remove('node_modules/.pnpm/oak@1')],
  ['a dependency of the root is deleted', () => remove('node_modules/oak')],
  ['the dependencies of a package are deleted', () => remove('packages/elm/node_modules')],
  ['one scoped dependency of a package is deleted', () => remove('packages/elm/node_modules/@tree/oak')],
])('installs again, once, after %s', (_, change) => {
  setup();
  change();
  setup();
  setup();
  expect(installations()).toBe(2);
});

it('installs again after a switch to another branch, and after the switch back', () => {
  setup();
  for (const content of ['2', '1']) {
    write('pnpm-lock.yaml', content);
    setup();
  }
  expect(installations()).toBe(3);
});

it.each([
  ['failed', 'false'],
  ['was killed', 'kill -9 $PPID; exit 1'],
])('installs again after an installation that %s', (_, INSTALL) => {
  setup();
  write('pnpm-lock.yaml', '2');
  expect(setup({ INSTALL: `eval ${INSTALL}` }).status).not.toBe(0);
  write('pnpm-lock.yaml', '1');
  expect(setup().status).toBe(0);
  expect(installations()).toBe(3);
});

it('runs a program with its arguments after the installation, with a cache that an installation empties', () => {
  write('main.mjs', 'console.log(process.argv.slice(2).join(), process.env.NODE_COMPILE_CACHE)');
  write('node_modules/.cache/node/old', '');
  const { stdout } = sh(['scripts/run.sh', 'main.mjs', 'a b', '--json']);
  expect(stdout).toBe(`a b,--json ${join(folder, 'node_modules/.cache/node')}\n`);
  expect(existsSync(join(folder, 'node_modules/.cache/node/old'))).toBe(false);
});

it('runs nothing when the installation fails', () => {
  write('main.mjs', 'console.log("ran")');
  expect(sh(['scripts/run.sh', 'main.mjs'], { INSTALL: 'false' })).toMatchObject({ status: 1, stdout: '' });
});
