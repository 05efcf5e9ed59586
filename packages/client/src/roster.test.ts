import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRoster } from './roster.ts';
import { exampleRoster } from './testing/roster.ts';

const idsOf = (text: string) => readRoster(text).riders.map(({ riderId }) => riderId);
const reasonsOf = (text: string) => readRoster(text).refused.map(({ line, reason }) => [line, reason]);

describe('a plain list', () => {
  it.each([
    ['one id per line', '4500001\r\n\r\n4500002\r\n', [4_500_001, 4_500_002]],
    ['ids between commas', '150437, 123456', [150_437, 123_456]],
    ['ids between spaces, semicolons, bars and tabs', '1 2;3|4\t5', [1, 2, 3, 4, 5]],
    ['quoted ids', '"11"\n\'12\'', [11, 12]],
    ['each id once', '7\n8\n7', [7, 8]],
    ['no id of a comment', '# 111222  # note\n333444 # 555666\n  # 777', [333_444]],
  ])('gives %s', (_, text, ids) => {
    expect(idsOf(text)).toEqual(ids);
    expect(reasonsOf(text)).toEqual([]);
  });

  it.each([
    ['a title', 'roster 2026'],
    ['weights', '250 W, 68.5 kg'],
    ['a number with separators', '4,500,101'],
    ['an ordinal', '2nd'],
    ['a name beside an id', '150437,J | CloudRacer-9'],
    ['a quoted name beside two numbers', '"Rider, One",2163,567558'],
    ['an escaped name beside two numbers', 'Pat O&#039;Neil,2736,1462481'],
    ['zero', '0'],
    ['a number too large for an id', '2147483648'],
    ['a negative number', '-5'],
    ['a decimal number', '1.5'],
  ])('refuses %s and reads the other lines', (_, line) => {
    const { riders, refused } = readRoster(`123\n${line}\n456`);
    expect(riders.map(({ riderId }) => riderId)).toEqual([123, 456]);
    expect(refused).toEqual([{ line: 2, text: line, reason: expect.stringMatching(/./) }]);
  });
});

describe('a table', () => {
  it.each(['zwid', 'zwiftId', 'Zwift ID', 'riderId', 'rider_id', 'ID'])(
    'has its ids in the column %s',
    (name) => {
      const { riders, column } = readRoster(`Name,Power,${name}\nAnna,250,4500001\nBo,310,4500002\n`);
      expect(column).toBe(name);
      expect(riders).toEqual([
        { riderId: 4_500_001, line: 2, label: 'Anna · 250' },
        { riderId: 4_500_002, line: 3, label: 'Bo · 310' },
      ]);
    },
  );

  it.each([',', ';', '\t', '|'])(
    'can be delimited by %j, with quotes, entities and line breaks in names',
    (delimiter) => {
      const rows = [
        ['name', 'power', 'zwid'],
        [`"Rider${delimiter} One"`, '2163', '567558'],
        ['"Pat O&#039;Neil"', '2736', '1462481'],
        ['"J ""CloudRacer-9"""', '250', '150437'],
        ['"two\nlines"', '1', '42'],
        ['last', '2', '43'],
      ];
      const { riders, refused } = readRoster(rows.map((row) => row.join(delimiter)).join('\n'));
      expect(riders.map(({ riderId, line }) => [riderId, line])).toEqual([
        [567_558, 2],
        [1_462_481, 3],
        [150_437, 4],
        [42, 5],
        [43, 7],
      ]);
      expect(refused).toEqual([]);
    },
  );

  it('can have a title, comments and blank lines', () => {
    const text = '\uFEFFTeam roster 2026\n\n# captains\nid,name\n11,Anna\n\n  # gone: 12\n13,Cleo #1\n';
    expect(readRoster(text)).toEqual({
      column: 'id',
      comments: 2,
      riders: [
        { riderId: 11, line: 5, label: 'Anna' },
        { riderId: 13, line: 8, label: 'Cleo #1' },
      ],
      refused: [{ line: 1, text: 'Team roster 2026', reason: 'above the header row' }],
    });
  });

  it('of 800 lines gives exactly its ids', () => {
    const { text, riderIds } = exampleRoster();
    expect(text.split('\n').length).toBeGreaterThanOrEqual(799);
    expect(idsOf(text)).toEqual(riderIds);
    expect(reasonsOf(text)).toEqual([[1, 'above the header row']]);
  });

  it('refuses rows whose columns are shifted, or that have no id', () => {
    expect(reasonsOf('name,power,zwid\nOne, Rider,2163,567558\nAnna,250\nBo,310,\nCleo,1,x9')).toEqual([
      [2, 'has 4 of 3 columns'],
      [3, 'has 2 of 3 columns'],
      [4, '"" is not a rider id'],
      [5, '"x9" is not a rider id'],
    ]);
  });

  it.each([
    ['not closed', 'name,id\nAnna,1\n"Bo,2\nCleo,3\n', [1, 2, 3]],
    ['inside a name', 'name,power,zwid\n"Nick" Smith,2163,567558\n"B",1,42\nC,2,43', [567_558, 42, 43]],
    ['inside the last field', 'riderId,name\n567558,"Nick" Smith\n42,"B"\n43,C', [567_558, 42, 43]],
    ['not escaped', 'name,id\n"Nick "The Man" Smith","567558"\nC,43', [567_558, 43]],
  ])('reads a line with a quote that is %s as it stands', (_, text, ids) => {
    expect(idsOf(text)).toEqual(ids);
    expect(reasonsOf(text)).toEqual([]);
  });

  it('refuses exactly the line with a wrong quote that has too many fields', () => {
    const text = 'name,id\n"Smith, "Nick"",567558\n"B",42';
    expect(idsOf(text)).toEqual([42]);
    expect(reasonsOf(text)).toEqual([[2, 'has 3 of 2 columns']]);
  });

  it('refuses every line of a quoted field that holds another row', () => {
    const text = 'name,id\n"Nick,1\nBo,2\nCleo",3\nDan,4';
    expect(idsOf(text)).toEqual([4]);
    expect(reasonsOf(text).map(([line]) => line)).toEqual([2, 3, 4]);
  });

  it('takes "#1 Racer" and a heading "#" for no comment', () => {
    expect(readRoster('#,name,zwid\n#1,#1 Racer,77\n#\n# left,Bo,78')).toEqual({
      column: 'zwid',
      comments: 2,
      refused: [],
      riders: [{ riderId: 77, line: 2, label: '#1 · #1 Racer' }],
    });
  });

  it('loses no line, however wrong its quotes are', () => {
    const anyName = fc.string({ unit: fc.constantFrom('a', '"', '""', ',', '#', '9', ' '), maxLength: 8 });
    const row = fc.record({ name: anyName, isQuoted: fc.boolean() });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), (rows) => {
        const lines = rows.map(
          ({ name, isQuoted }, at) => `${isQuoted ? `"${name}"` : name},${5_000_000 + at}`,
        );
        const { riders, refused, comments } = readRoster(['name,id', ...lines].join('\n'));
        const isComment = (line: string) => /^ *#( |$)/.test(line);
        const seen = [...riders, ...refused].map(({ line }) => line);
        expect(new Set(seen).size).toBe(seen.length);
        // Other lines are inside a row whose quotes are closed.
        for (const [at, line] of lines.entries()) {
          if (isComment(line) || seen.includes(at + 2)) continue;
          const start = Math.max(...seen.filter((each) => each < at + 2));
          expect(
            lines
              .slice(start - 2, at + 1)
              .join('')
              .split('"').length % 2,
          ).toBe(1);
        }
        expect(comments).toBeLessThanOrEqual(lines.filter(isComment).length);
        for (const { riderId, line } of riders) expect(riderId).toBeGreaterThanOrEqual(5_000_000 + line - 2);
      }),
    );
  });

  it('gives exactly the ids that were written, whatever the names hold', () => {
    const anyName = fc.string({
      unit: fc.constantFrom('a', '"', ',', ';', '\n', '#', '4', '9', ' ', '&', "'"),
      maxLength: 12,
    });
    const row = fc.record({ id: fc.integer({ min: 1, max: 2_147_483_647 }), name: anyName });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), (rows) => {
        const lines = rows.map(({ id, name }) => `"${name.replaceAll('"', '""')}",70,${id}`);
        // A line inside a name that could be a row of its own is refused.
        fc.pre(rows.every(({ name }) => !/,.*\n|\n.*,/.test(name)));
        const { riders, refused } = readRoster(`name,kg,riderId\n${lines.join('\n')}\n`);
        expect(refused).toEqual([]);
        expect(riders.map(({ riderId }) => riderId)).toEqual([...new Set(rows.map(({ id }) => id))]);
      }),
    );
  });
});

it('an empty text has neither riders nor refused lines', () => {
  for (const text of ['', '\n\n', '# nothing\n'])
    expect(readRoster(text)).toMatchObject({ riders: [], refused: [], column: undefined });
});
