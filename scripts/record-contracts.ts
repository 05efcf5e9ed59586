import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { spoken } from '../packages/shared/src/contracts/recorded/spoken.ts';
import { jsonSchemaOf, valuesOf } from '../packages/shared/src/testing/values.ts';

// Records what a version says, for all later ones to be held against: `npm run record:contracts -- 0.2.0` at a release.
const [version = ''] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+$/.test(version)) {
  console.error('npm run record:contracts -- VERSION   (such as 0.2.0)');
  process.exit(2);
}
const folder = join(import.meta.dirname, '../packages/shared/src/contracts/recorded', version);
await mkdir(folder, { recursive: true });
for (const { name, way, schema } of spoken) {
  const samples = fc.sample(valuesOf(schema), { seed: 1, numRuns: 12 });
  const recorded = { ...way, samples, schema: jsonSchemaOf(schema) };
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(recorded, undefined, 1)}\n`);
}
console.log(`${spoken.length} kinds of messages of ${version} are recorded.`);
