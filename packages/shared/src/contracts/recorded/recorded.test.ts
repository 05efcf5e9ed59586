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

const mapKeys = new Set<string>([...kindNames, ...budgetNames]);
/** Fields that hold maps with any keys. */
const openMaps = new Set(['rateLimitUsage']);

const recordedOf = (version: string) =>
  Object.entries(
    JSON.parse(readFileSync(join(folder, `${version}.json`), 'utf8')) as Record<string, Recording>,
  ).map(([name, recorded]) => ({ name, recorded }));

/** Adds an unknown field to every object, as a later version could. */
function withUnknownFields(value: unknown, isPlain: (value: object) => boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => withUnknownFields(each, isPlain));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(
    ([key, inner]) => [key, withUnknownFields(inner, openMaps.has(key) ? () => false : isPlain)] as const,
  );
  return { ...Object.fromEntries(fields), ...(isPlain(value) && { 'from a later version': { it: [1] } }) };
}

describe.each(versions)('contracts of version %s', (version) => {
  it.each(recordedOf(version))(
    'are compatible with this version in both directions: $name',
    ({ name, recorded }) => {
      const today = contracts.find((each) => each.name === name);
      expect(today?.channel, 'old and new versions would use different channels').toEqual({
        subject: recorded.subject,
        kind: recorded.kind,
        ...(recorded.stream !== undefined && { stream: recorded.stream }),
      });
      const schema = today?.schema ?? expect.unreachable();
      const accepts = ajv.compile(recorded.schema);
      for (const sample of recorded.samples) {
        const parsed = schema.safeParse(sample);
        expect(parsed.error?.issues, JSON.stringify(sample)).toBeUndefined();
        // An old reader must accept what a new process passes on.
        expect(accepts(JSON.parse(JSON.stringify(parsed.data))), ajv.errorsText(accepts.errors)).toBe(true);
      }
      fc.assert(
        fc.property(valuesOf(schema), (value) => {
          const written: unknown = JSON.parse(JSON.stringify(schema.parse(value)));
          expect(accepts(written), `${JSON.stringify(written)}\n${ajv.errorsText(accepts.errors)}`).toBe(
            true,
          );
        }),
        { numRuns: 40 },
      );
    },
  );
});

describe('contracts of this version', () => {
  it.each(contracts.map((each) => ({ ...each })))('accept unknown fields: $name', ({ schema }) => {
    // Maps have keys instead of fields; an empty map looks like an empty object.
    const isNamed = (value: object) => {
      const keys = Object.keys(value);
      return keys.length > 0 && !keys.some((key) => mapKeys.has(key));
    };
    for (const sample of fc.sample(valuesOf(schema), { seed: 2, numRuns: 12 })) {
      const parsed = schema.safeParse(withUnknownFields(JSON.parse(JSON.stringify(sample)), isNamed));
      expect(parsed.error?.issues).toBeUndefined();
    }
  });

  it('are all recorded', () => {
    expect(versions).toContain('0.1.0');
    expect(recordedOf('0.1.0').length).toBe(44);
  });
});
