import { kindNames } from '../definition/index.ts';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from '../../../../scripts/generate.ts';
import { shapeOf } from '../../../../scripts/generated/shape.ts';
import { z } from 'zod';

const root = new URL('../../../../', import.meta.url);

describe('generated files', () => {
  it.each(Object.keys(generatedFiles))('%s is up to date (else run: npm run generate)', async (path) => {
    const committed = await readFile(new URL(path, root), 'utf8').catch(() => 'missing');
    expect(committed).toBe(await generatedFiles[path]?.());
  });
});

describe('payload shape', () => {
  it('is written as in TypeScript, with named enums by their name', () => {
    const payload = z.object({
      id: z.string(),
      kind: z.enum(kindNames),
      at: z.number().int().nullable(),
      tags: z.array(z.enum(['a', 'b'])).optional(),
    });
    expect(shapeOf(payload)).toBe(
      '{ id: string, kind: SyncKind, at: integer | null, tags?: Array<"a" | "b"> }',
    );
  });

  it('puts each long alternative on its own line', () => {
    const long = (name: string) => z.object({ it: z.literal(name), because: z.string() });
    const shape = shapeOf(z.union([long('x'.repeat(60)), long('y'.repeat(60))]));
    expect(shape.split('\n')).toEqual([
      `| { it: "${'x'.repeat(60)}", because: string }`,
      `| { it: "${'y'.repeat(60)}", because: string }`,
    ]);
  });
});
