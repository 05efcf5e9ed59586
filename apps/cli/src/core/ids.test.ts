import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idsIn } from './ids.ts';
import { UsageError } from './usage.ts';

describe('a list of riders', () => {
  it.each([
    ['one per line', '4500001\r\n\n# the captain\n4500002\n4500001', [4500001, 4500002]],
    ['the column named in the header row', 'name;Rider ID;kg\nAnna;11;60\n"Bo";"12";70', [11, 12]],
    ['a single column with a header row', 'zwid\n7\n8', [7, 8]],
  ])('can be %s', (_, text, ids) => expect(idsIn(text)).toEqual(ids));

  it('is rejected with every invalid line, and with a hint about several columns', () => {
    expect(() => idsIn('11\nAnna\n0\n2147483648')).toThrow(
      /line 2: Anna\n {2}line 3: 0\n {2}line 4: 2147483648/,
    );
    expect(() => idsIn('11,250\n12,260')).toThrow('needs a header row');
    for (const empty of ['', '\n# no riders\n', 'riderId\n']) expect(() => idsIn(empty)).toThrow(UsageError);
  });

  it('gives each id once, in order of first appearance', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (ids) => {
        expect(idsIn(ids.join('\n'))).toEqual([...new Set(ids)]);
        expect(idsIn(`kg,riderId\n${ids.map((id) => `70,${id}`).join('\n')}`)).toEqual([...new Set(ids)]);
      }),
    );
  });
});
