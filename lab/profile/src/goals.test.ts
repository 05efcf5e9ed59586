import { describe, expect, it } from 'vitest';
import { goalText, isMet } from './goals.ts';

describe('a goal', () => {
  const atMost = { about: 'CPU', goal: { most: 5 }, unit: 'ms' } as const;
  const atLeast = { about: 'rate', goal: { least: 350 }, unit: '' } as const;

  it('is met up to its bound', () => {
    expect([5, 5.1].map((measured) => isMet({ ...atMost, measured }))).toEqual([true, false]);
    expect([350, 349].map((measured) => isMet({ ...atLeast, measured }))).toEqual([true, false]);
  });

  it('is written with its unit', () => {
    expect([goalText({ ...atMost, measured: 1 }), goalText({ ...atLeast, measured: 1 })]).toEqual([
      '≤ 5 ms',
      '≥ 350',
    ]);
  });
});
