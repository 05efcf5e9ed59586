import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { beforeAll, describe, expect, it } from 'vitest';
import { installedPackages } from './pnpm.ts';
import { type Bill, billOfMaterials } from './sbom.ts';

let bill: Bill;
const named = (name: string) => bill.components.filter((component) => component.name === name);
const hashes = (component?: Bill['components'][number]) =>
  component?.externalReferences?.flatMap((reference) => reference.hashes ?? []) ?? [];

beforeAll(async () => {
  bill = await billOfMaterials();
});

describe('the bill of materials', () => {
  it('is valid CycloneDX', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(JSON.stringify(bill))).toBeNull();
    const wrong = { ...bill, components: [{ name: 'without a type' }] };
    expect(await validator.validate(JSON.stringify(wrong))).not.toBeNull();
  });

  it('includes every installed package with its hash', async () => {
    const installed = (await installedPackages()).flatMap(({ name, versions }) =>
      versions.map((version) => `pkg:npm/${name.replace('@', '%40')}@${version}`),
    );
    const references = new Map(bill.components.map((component) => [component['bom-ref'], component]));
    expect(installed.length).toBeGreaterThan(300);
    expect(installed.filter((reference) => !references.has(reference))).toEqual([]);
    const unproven = installed.filter((reference) => hashes(references.get(reference)).length === 0);
    expect(unproven).toEqual([]);
  });

  it('includes the embedded servers, the broker with the hash of each archive', () => {
    expect(named('postgresql')).toHaveLength(1);
    expect(named('nats-server').flatMap(hashes)).toHaveLength(4);
  });
});
