import { packagesBill } from './pnpm.ts';
import { type Program, programs } from './programs.ts';

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
