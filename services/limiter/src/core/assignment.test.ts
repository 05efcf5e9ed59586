import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Owners, assignPartitions } from './ownership.ts';

const partitions = Array.from({ length: 8 }, (_, index) => index);
const unowned: Owners = new Map();

const limiters = fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 12 });
/** Some limiters, and owners as a crash, race or restart may leave them: live, dead or none. */
const anyOwnership = limiters.chain((ids) =>
  fc.tuple(
    fc.constant(ids),
    fc
      .array(fc.option(fc.constantFrom(...ids, 'dead')), { minLength: 8, maxLength: 8 })
      .map((owners) => new Map(owners.flatMap((owner, index) => (owner === null ? [] : [[index, owner]])))),
  ),
);

const countsOf = (assigned: Owners, ids: readonly string[]) =>
  ids.map((id) => [...assigned.values()].filter((owner) => owner === id).length);
const moved = (before: Owners, after: Owners) =>
  partitions.filter((partition) => before.get(partition) !== after.get(partition));

describe('the assignment of partitions', () => {
  it('gives every partition to a live limiter, in equal numbers to within one', () => {
    fc.assert(
      fc.property(anyOwnership, ([ids, owners]) => {
        const assigned = assignPartitions(ids, partitions, owners);
        const counts = countsOf(assigned, ids);
        expect([...assigned.keys()].toSorted((a, b) => a - b)).toEqual(partitions);
        expect(counts.reduce((sum, count) => sum + count)).toBe(partitions.length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('does not depend on the order in which limiters are known', () => {
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
          expect(assignPartitions(shuffled, partitions, owners)).toEqual(
            assignPartitions(ids, partitions, owners),
          );
        },
      ),
    );
  });

  it('does not change once every limiter owns its share', () => {
    fc.assert(
      fc.property(anyOwnership, ([ids, owners]) => {
        const assigned = assignPartitions(ids, partitions, owners);
        expect(moved(assigned, assignPartitions(ids, partitions, assigned))).toEqual([]);
      }),
    );
  });

  it('does not change while partitions are released and claimed one by one', () => {
    const anyProgress = fc.array(fc.constantFrom('kept', 'free', 'taken'), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(anyOwnership, anyProgress, ([ids, owners], progress) => {
        const assigned = assignPartitions(ids, partitions, owners);
        const halfway = new Map(owners);
        for (const partition of moved(owners, assigned)) {
          if (progress[partition] === 'free') halfway.delete(partition);
          if (progress[partition] === 'taken') halfway.set(partition, assigned.get(partition) ?? '');
        }
        expect(moved(assigned, assignPartitions(ids, partitions, halfway))).toEqual([]);
      }),
    );
  });

  it('moves only the share of a limiter that joins', () => {
    fc.assert(
      fc.property(limiters, fc.uuid(), (ids, newcomer) => {
        fc.pre(!ids.includes(newcomer));
        const before = assignPartitions(ids, partitions, unowned);
        const after = assignPartitions([...ids, newcomer], partitions, before);
        const moves = moved(before, after);
        expect(moves.map((partition) => after.get(partition))).toEqual(moves.map(() => newcomer));
        expect(moves).toHaveLength(Math.floor(partitions.length / (ids.length + 1)));
      }),
    );
  });

  it('moves only the partitions of a limiter that leaves', () => {
    fc.assert(
      fc.property(limiters, (ids) => {
        const [leaver = '', ...others] = ids;
        fc.pre(others.length > 0);
        const before = assignPartitions(ids, partitions, unowned);
        const after = assignPartitions(others, partitions, before);
        for (const partition of moved(before, after)) expect(before.get(partition)).toBe(leaver);
      }),
    );
  });
});
