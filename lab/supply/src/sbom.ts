import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { billOfMaterials } from './bill.ts';

// Writes the bill of materials as CycloneDX: `npm run sbom`.
const file = fileURLToPath(new URL('../../../.cache/sbom.cdx.json', import.meta.url));
const bill = await billOfMaterials();
await mkdir(dirname(file), { recursive: true });
await writeFile(file, `${JSON.stringify(bill, undefined, 2)}\n`);
console.log(`.cache/sbom.cdx.json: CycloneDX ${bill.specVersion}, ${bill.components.length} components.`);
