import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Licensed {
  readonly name: string;
  readonly versions: readonly string[];
  /** An SPDX expression, or any text by its author. */
  readonly licence: string;
}

/** From the registry, by `pnpm audit`. */
export interface Advisory {
  readonly github_advisory_id: string;
  readonly module_name: string;
  readonly severity: string;
  readonly title: string;
  readonly url: string;
  readonly findings: ReadonlyArray<{ readonly version: string; readonly paths: readonly string[] }>;
}

/** The registry gave no advisories. */
export class RegistryUnavailable extends Error {}

/** All installed packages of all workspaces, without those of other platforms. */
export async function installedPackages(): Promise<Licensed[]> {
  const byLicence = JSON.parse(await pnpm('--recursive', 'licenses', 'list', '--json')) as Record<
    string,
    ReadonlyArray<{ name: string; versions: string[] }>
  >;
  return Object.entries(byLicence).flatMap(([licence, packages]) =>
    packages.map(({ name, versions }) => ({ name, versions, licence })),
  );
}

/** Advisories for the lockfile, all platforms. @throws {RegistryUnavailable} */
export async function advisories(registry?: string): Promise<{ advisories: Advisory[]; packages: number }> {
  const where = registry === undefined ? [] : [`--registry=${registry}`];
  // It exits with 1 for advisories and for an unavailable registry.
  const answer = await pnpm('audit', '--json', ...where).catch((error: Partial<Record<string, string>>) => {
    if (error.stdout?.startsWith('{')) return error.stdout;
    throw new RegistryUnavailable(
      (error.stderr || error.message || '').replaceAll(/[\s│├╰─▶×]+/g, ' ').trim(),
    );
  });
  const report = JSON.parse(answer) as {
    advisories: Record<string, Advisory>;
    metadata: { totalDependencies: number };
  };
  return { advisories: Object.values(report.advisories), packages: report.metadata.totalDependencies };
}

/** The bill of materials of the lockfile as CycloneDX; packages only. */
export const packagesBill = async (): Promise<unknown> =>
  JSON.parse(
    await pnpm('sbom', '--sbom-format=cyclonedx', '--sbom-spec-version=1.6', '--sbom-type=application'),
  );

async function pnpm(...args: string[]): Promise<string> {
  const program = fileURLToPath(new URL('../../../node_modules/.bin/pnpm', import.meta.url));
  const limits = { maxBuffer: 64 * 1024 * 1024, timeout: 20_000 };
  return (await promisify(execFile)(program, args, { cwd: root, ...limits })).stdout;
}
