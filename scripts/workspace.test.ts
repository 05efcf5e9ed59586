import { globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';

const manifests = globSync('{packages,services,apps,local,lab}/*/package.json').concat('e2e/package.json');
const scriptsOf = (file: string) =>
  (JSON.parse(readFileSync(file, 'utf8')) as { scripts?: Record<string, string> }).scripts ?? {};

const readsUpstreams = (file: string) =>
  /from '.*upstreams\/(?:load|open|read)(?:\.ts)?'/.test(readFileSync(file, 'utf8'));

describe('every package', () => {
  // turbo silently skips a package without the script.
  it.each(manifests)('%s is checked by npm run check', (file) => {
    expect(Object.keys(scriptsOf(file))).toEqual(expect.arrayContaining(['format:check', 'lint', 'types']));
  });

  it.each(manifests)('%s has a README that says how to test the package', (file) => {
    const readme = readFileSync(`${dirname(file)}/README.md`, 'utf8');
    expect(readme).toMatch(/^# .+\n/);
    expect(readme).toMatch(/npm (?:test|run)/);
  });
});

it('only the programs read the files in upstreams/, not a core and not what it imports', () => {
  const modules = globSync('{packages,services,local,lab}/*/src/**/*.ts', {
    exclude: ['**/*.test.ts', '**/testing/**', '**/testing.ts'],
  });
  const readers = modules.filter(readsUpstreams);
  expect(readers.filter((file) => /^packages|\/core\//.test(file)).toSorted()).toEqual([
    'packages/planning/src/run.ts',
    'packages/shared/src/config/load.ts',
  ]);
});
