import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bound, growthOf, type Sample } from './growth.ts';

const bound: Bound = { share: 0.1, least: 1 };
const samples = 300;

/** A series of 300 values, each of its index and a number from 0 to 1 that chance gives. */
const seriesOf = (chance: readonly number[], value: (index: number, chance: number) => number): Sample[] =>
  chance.map((each, index) => ({ at: index * 1_000, value: value(index, each) }));

const chances = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
  minLength: samples,
  maxLength: samples,
});
const judge = (series: readonly Sample[], of: 'least' | 'middle' = 'middle') => growthOf(series, bound, of);
/** So that a test that must hold by chance holds each time. */
const seed = { seed: 20, numRuns: 200 };

describe('growth', () => {
  it('is noticed when a fifth of the level leaks away in the time that is judged, through noise as large as the leak', () => {
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

  it('is not seen in noise alone', () => {
    fc.assert(
      fc.property(chances, (chance) => {
        expect(judge(seriesOf(chance, (_, noise) => 100 + noise * 30)).grows).toBe(false);
      }),
      seed,
    );
  });

  it('is not what only rises in the first third, and then stays', () => {
    fc.assert(
      fc.property(chances, (chance) => {
        const settling = seriesOf(chance, (index, noise) => Math.min(100, 20 + index) + noise * 5);
        expect(judge(settling).grows).toBe(false);
      }),
      seed,
    );
  });

  it('is not the garbage that piles up and is cleared away, but what is left of it each time', () => {
    const sawtooth = (left: number) =>
      seriesOf(
        Array.from({ length: samples }, () => 0),
        (index) => 50 + (index % 9) * 10 + index * left,
      );
    expect(judge(sawtooth(0), 'least').grows).toBe(false);
    expect(judge(sawtooth(0.1), 'least')).toMatchObject({ grows: true });
  });

  it('is allowed in its own unit where the level is small', () => {
    const rising = seriesOf(
      Array.from({ length: samples }, () => 0),
      (index) => index / samples,
    );
    expect(judge(rising)).toMatchObject({ grows: false, allowed: 1 });
    expect(growthOf(rising, { share: 0.1, least: 0.1 }, 'middle').grows).toBe(true);
  });

  it('is none of what is always the same, and none of nothing', () => {
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
