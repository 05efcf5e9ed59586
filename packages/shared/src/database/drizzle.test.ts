import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const require = createRequire(import.meta.url);

it('Drizzle is loaded as CommonJS, which takes a fifth of the time and memory, wherever it is imported', () => {
  const sources = globSync('{packages,services,local}/*/src/**/*.ts', { cwd: root });
  const texts = sources.map((file) => readFileSync(join(root, file), 'utf8'));
  const imported = texts.flatMap((text) =>
    [...text.matchAll(/from 'drizzle-orm((?:\/[\w-]+)*)'/g)].map(([, path]) => `.${path}`),
  );
  const manifest = join(dirname(require.resolve('drizzle-orm')), 'package.json');
  const entries = (JSON.parse(readFileSync(manifest, 'utf8')) as { exports: Record<string, unknown> })
    .exports;
  expect(imported).toContain('./pg-core');
  for (const path of new Set(imported))
    expect(entries[path], path).toMatchObject({ import: { default: expect.stringMatching(/\.cjs$/) } });
});
