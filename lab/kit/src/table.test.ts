import { describe, expect, it } from 'vitest';
import { digits, percent, table, times } from './table.ts';

describe('a table', () => {
  it('lines its columns up, and leaves out nothing of a short row', () => {
    expect(table(['who', 'how much'], [['Paceline', '1'], ['p']])).toBe(
      [
        '| who      | how much |',
        '| -------- | -------- |',
        '| Paceline | 1        |',
        '| p        |          |',
      ].join('\n'),
    );
  });

  it('keeps a bar inside of its cell', () => {
    expect(table(['a'], [['x|y']])).toContain(String.raw`x\|y`);
  });
});

describe('a number', () => {
  it('has three digits that count', () => {
    expect([0, 0.000_123_4, 0.5, 1.006, 61_173, -2.345].map(digits)).toEqual([
      '0',
      '0.000123',
      '0.5',
      '1.01',
      '61,173',
      '-2.35',
    ]);
  });

  it('is a dash when there is none', () => {
    expect([digits(Number.NaN), percent(Number.NaN), times(Infinity)]).toEqual(['–', '–', '–']);
  });

  it('is a share, or a multiple of another', () => {
    expect([percent(0.2255), times(1.5)]).toEqual(['22.6 %', '1.5 ×']);
  });
});
