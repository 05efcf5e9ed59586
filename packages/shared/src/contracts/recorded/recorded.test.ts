import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetNames, kindNames } from '../../definition/index.ts';
import { valuesOf } from '../../testing/values.ts';
import { contracts, type Recording } from './recording.ts';

const folder = import.meta.dirname;
const versions = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''));
const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });

const isMapped = new Set<string>([...kindNames, ...budgetNames]);

const recordedOf = (version: string) =>
  Object.entries(
    JSON.parse(readFileSync(join(folder, `${version}.json`), 'utf8')) as Record<string, Recording>,
  ).map(([name, recorded]) => ({ name, recorded }));

/** The same with a field in every object of which nobody knows anything. */
function grown(value: unknown, isPlain: (value: object) => boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => grown(each, isPlain));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([key, inner]) => [key, grown(inner, isPlain)] as const);
  return { ...Object.fromEntries(fields), ...(isPlain(value) && { 'of a later version': { it: [1] } }) };
}

describe.each(versions)('what version %s writes', (version) => {
  it.each(recordedOf(version))(
    'is read today, and it reads what is written today: $name',
    ({ name, recorded }) => {
      const today = contracts.find((each) => each.name === name);
      expect(today?.way, 'old and new versions would miss each other').toEqual({
        subject: recorded.subject,
        kind: recorded.kind,
        ...(recorded.stream !== undefined && { stream: recorded.stream }),
      });
      const schema = today?.schema ?? expect.unreachable();
      const takes = ajv.compile(recorded.schema);
      for (const sample of recorded.samples) {
        const parsed = schema.safeParse(sample);
        expect(parsed.error?.issues, JSON.stringify(sample)).toBeUndefined();
        // An old reader of what a new writer has passed on.
        expect(takes(JSON.parse(JSON.stringify(parsed.data))), ajv.errorsText(takes.errors)).toBe(true);
      }
      fc.assert(
        fc.property(valuesOf(schema), (value) => {
          const written: unknown = JSON.parse(JSON.stringify(schema.parse(value)));
          expect(takes(written), `${JSON.stringify(written)}\n${ajv.errorsText(takes.errors)}`).toBe(true);
        }),
        { numRuns: 40 },
      );
    },
  );
});

describe('what is written today', () => {
  it.each(contracts.map((each) => ({ ...each })))(
    'may have fields of a later version: $name',
    ({ schema }) => {
      // A map has keys of its own, no fields; an empty one can't be told from an object.
      const isNamed = (value: object) => {
        const keys = Object.keys(value);
        return keys.length > 0 && !keys.some((key) => isMapped.has(key));
      };
      for (const sample of fc.sample(valuesOf(schema), { seed: 2, numRuns: 12 })) {
        const parsed = schema.safeParse(grown(JSON.parse(JSON.stringify(sample)), isNamed));
        expect(parsed.error?.issues).toBeUndefined();
      }
    },
  );

  it('is recorded whole in the baseline', () => {
    expect(versions).toContain('0.1.0');
    expect(recordedOf('0.1.0').length).toBe(40);
  });
});
