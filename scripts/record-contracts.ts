import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { contracts } from '../packages/shared/src/contracts/recorded/recording.ts';
import { jsonSchemaOf, valuesOf } from '../packages/shared/src/testing/values.ts';

// Records the contracts of a release for later versions to be checked against: `node scripts/record-contracts.ts 0.2.0`.
// One line per contract, so that a diff shows what changed.
const [version = ''] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+$/.test(version)) {
  console.error('Usage: node scripts/record-contracts.ts VERSION   (e.g. 0.2.0)');
  process.exit(2);
}
const lines = contracts.map(({ name, channel, schema }) => {
  const samples = fc.sample(valuesOf(schema), { seed: 1, numRuns: 12 });
  return `${JSON.stringify(name)}:${JSON.stringify({ ...channel, samples, schema: jsonSchemaOf(schema) })}`;
});
const file = join(import.meta.dirname, '../packages/shared/src/contracts/recorded', `${version}.json`);
await writeFile(file, `{\n${lines.join(',\n')}\n}\n`);
console.log(`Recorded ${contracts.length} contracts of version ${version}.`);
