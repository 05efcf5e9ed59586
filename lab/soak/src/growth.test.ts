import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bound, growthOf, type Sample, type StretchValue } from './growth.ts';

const bound: Bound = { share: 0.1, absolute: 1 };
const samples = 300;

/** A series of 300 values, each from its index and a random number from 0 to 1. */
const seriesOf = (chance: readonly number[], value: (index: number, chance: number) => number): Sample[] =>
  chance.map((each, index) => ({ at: index * 1_000, value: value(index, each) }));

const chances = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
  minLength: samples,
  maxLength: samples,
});
const judge = (series: readonly Sample[], value: StretchValue = 'median') => growthOf(series, bound, value);
/** A fixed seed, because these tests are statistical. */
const seed = { seed: 20, numRuns: 200 };

describe('growth', () => {
  it('detects a leak of a fifth of the level through noise as large as the leak', () => {
    const leak = 20 / (samples * (2 / 3));
    fc.assert(
      fc.property(chances, (chance) => {
        const { grows, growth } = judge(seriesOf(chance, (index, noise) => 100 + index * leak + noise * 20));
        expect(grows).toBe(true);
        expect(growth).toBeGreaterThan(12);
      }),
      seed,
    );
  });

  it('does not grow with noise alone', () => {
    fc.assert(
      fc.property(chances, (chance) => {
        expect(judge(seriesOf(chance, (_, noise) => 100 + noise * 30)).grows).toBe(false);
      }),
      seed,
    );
  });

  it('does not grow when it rises only in the first third', () => {
    fc.assert(
      fc.property(chances, (chance) => {
        const settling = seriesOf(chance, (index, noise) => Math.min(100, 20 + index) + noise * 5);
        expect(judge(settling).grows).toBe(false);
      }),
      seed,
    );
  });

  it('ignores collected garbage but detects what remains after each collection', () => {
    const sawtooth = (left: number) =>
      seriesOf(
        Array.from({ length: samples }, () => 0),
        (index) => 50 + (index % 9) * 10 + index * left,
      );
    expect(judge(sawtooth(0), 'minimum').grows).toBe(false);
    expect(judge(sawtooth(0.1), 'minimum')).toMatchObject({ grows: true });
  });

  it('is allowed by the absolute bound when the level is small', () => {
    const rising = seriesOf(
      Array.from({ length: samples }, () => 0),
      (index) => index / samples,
    );
    expect(judge(rising)).toMatchObject({ grows: false, allowed: 1 });
    expect(growthOf(rising, { share: 0.1, absolute: 0.1 }, 'median').grows).toBe(true);
  });

  it('is zero for a constant and for an empty series', () => {
    expect(
      judge(
        seriesOf(
          Array.from({ length: samples }, () => 0),
          () => 7,
        ),
      ),
    ).toMatchObject({ growth: 0, level: 7, grows: false });
    expect(judge([]).grows).toBe(false);
  });
});
