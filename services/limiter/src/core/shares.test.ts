import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Owners, sharesOf } from './duties.ts';

const partitions = Array.from({ length: 8 }, (_, index) => index);
const nobody: Owners = new Map();

const limiters = fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 12 });
/** Some limiters, and an ownership as a crash, a race or a restart may leave it: by some of them, others and nobody. */
const anyOwnership = limiters.chain((ids) =>
  fc.tuple(
    fc.constant(ids),
    fc
      .array(fc.option(fc.constantFrom(...ids, 'gone')), { minLength: 8, maxLength: 8 })
      .map((owners) => new Map(owners.flatMap((owner, index) => (owner === null ? [] : [[index, owner]])))),
  ),
);

const countsOf = (shares: Owners, ids: readonly string[]) =>
  ids.map((id) => [...shares.values()].filter((owner) => owner === id).length);
const moved = (before: Owners, after: Owners) =>
  partitions.filter((partition) => before.get(partition) !== after.get(partition));

describe('the shares of the limiters', () => {
  it('give every partition to one that is there, as many to each, to within one', () => {
    fc.assert(
      fc.property(anyOwnership, ([ids, owners]) => {
        const shares = sharesOf(ids, partitions, owners);
        const counts = countsOf(shares, ids);
        expect([...shares.keys()].toSorted((a, b) => a - b)).toEqual(partitions);
        expect(counts.reduce((sum, count) => sum + count)).toBe(partitions.length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('are the same for everybody, in whatever order the limiters came', () => {
    fc.assert(
      fc.property(
        anyOwnership.chain(([ids, owners]) =>
          fc.tuple(
            fc.constant(ids),
            fc.shuffledSubarray(ids, { minLength: ids.length }),
            fc.constant(owners),
          ),
        ),
        ([ids, shuffled, owners]) => {
          expect(sharesOf(shuffled, partitions, owners)).toEqual(sharesOf(ids, partitions, owners));
        },
      ),
    );
  });

  it('stay as they are once everybody owns its share', () => {
    fc.assert(
      fc.property(anyOwnership, ([ids, owners]) => {
        const shares = sharesOf(ids, partitions, owners);
        expect(moved(shares, sharesOf(ids, partitions, shares))).toEqual([]);
      }),
    );
  });

  it('stay as they are while the partitions pass to their heirs, one by one, and are free in between', () => {
    const progress = fc.array(fc.constantFrom('kept', 'free', 'taken'), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(anyOwnership, progress, ([ids, owners], far) => {
        const shares = sharesOf(ids, partitions, owners);
        const halfway = new Map(owners);
        for (const partition of moved(owners, shares)) {
          if (far[partition] === 'free') halfway.delete(partition);
          if (far[partition] === 'taken') halfway.set(partition, shares.get(partition) ?? '');
        }
        expect(moved(shares, sharesOf(ids, partitions, halfway))).toEqual([]);
      }),
    );
  });

  it('move, when one joins, only what it gets: no more than an equal part', () => {
    fc.assert(
      fc.property(limiters, fc.uuid(), (ids, newcomer) => {
        fc.pre(!ids.includes(newcomer));
        const before = sharesOf(ids, partitions, nobody);
        const after = sharesOf([...ids, newcomer], partitions, before);
        const moves = moved(before, after);
        expect(moves.map((partition) => after.get(partition))).toEqual(moves.map(() => newcomer));
        expect(moves).toHaveLength(Math.floor(partitions.length / (ids.length + 1)));
      }),
    );
  });

  it('move, when one leaves, only what was its own', () => {
    fc.assert(
      fc.property(limiters, (ids) => {
        const [leaver = '', ...others] = ids;
        fc.pre(others.length > 0);
        const before = sharesOf(ids, partitions, nobody);
        const after = sharesOf(others, partitions, before);
        for (const partition of moved(before, after)) expect(before.get(partition)).toBe(leaver);
      }),
    );
  });
});
