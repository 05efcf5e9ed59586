import { describe, expect, it } from 'vitest';
import { digits, percent, table, times } from './table.ts';

describe('a table', () => {
  it('aligns its columns and fills short rows', () => {
    expect(table(['name', 'requests'], [['Paceline', '1'], ['p']])).toBe(
      [
        '| name     | requests |',
        '| -------- | -------- |',
        '| Paceline | 1        |',
        '| p        |          |',
      ].join('\n'),
    );
  });

  it('escapes a bar in a cell', () => {
    expect(table(['a'], [['x|y']])).toContain(String.raw`x\|y`);
  });
});

describe('a number', () => {
  it('has three significant digits', () => {
    expect([0, 0.000_123_4, 0.5, 1.006, 61_173, -2.345].map(digits)).toEqual([
      '0',
      '0.000123',
      '0.5',
      '1.01',
      '61,173',
      '-2.35',
    ]);
  });

  it('is a dash unless finite', () => {
    expect([digits(Number.NaN), percent(Number.NaN), times(Infinity)]).toEqual(['–', '–', '–']);
  });

  it('can be a percentage or a multiple', () => {
    expect([percent(0.2255), times(1.5)]).toEqual(['22.6 %', '1.5 ×']);
  });
});
