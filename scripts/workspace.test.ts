import { globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';

const manifests = globSync('{packages,services,apps,local,lab}/*/package.json').concat('e2e/package.json');
const scriptsOf = (file: string) =>
  (JSON.parse(readFileSync(file, 'utf8')) as { scripts?: Record<string, string> }).scripts ?? {};

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
