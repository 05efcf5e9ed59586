import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../time.ts';
import { createMembership, defaultClubs, isRider, riderIds } from './riders.ts';

const membership = createMembership(1, defaultClubs);
const now = Date.UTC(2026, 0, 14, 12);

describe('clubs', () => {
  it.each(defaultClubs)(
    '$name has $size members in ascending order, each a rider and in no other club',
    ({ id, size }) => {
      const members = membership.membersAt(id, now);
      expect(new Set(members).size).toBe(size);
      expect(members).toEqual(members.toSorted((a, b) => a - b));
      expect(members.every(isRider)).toBe(true);
      expect(Math.max(...members)).toBeLessThan(riderIds.strangersFrom);
      expect(members.every((member) => membership.clubOf(member, now)?.id === id)).toBe(true);
    },
  );

  it('have the same members for the same seed, and others for another', () => {
    expect(createMembership(1, defaultClubs).membersOf(20651)).toEqual(membership.membersOf(20651));
    expect(createMembership(2, defaultClubs).membersOf(20651)).not.toEqual(membership.membersOf(20651));
  });

  it('lose and gain a few members a month, one for each', () => {
    for (const { id, size } of defaultClubs) {
      const before = new Set(membership.membersAt(id, now));
      const after = new Set(membership.membersAt(id, now + 30 * DAY));
      const left = before.difference(after);
      expect(left.size).toBeGreaterThan(0);
      expect(left.size).toBeLessThanOrEqual(size / 20);
      expect(after.difference(before).size).toBe(left.size);
      for (const rider of left) expect(membership.clubOf(rider, now + 30 * DAY)?.id).not.toBe(id);
      expect(
        membership.membersAt(id, now + 12 * HOUR).filter((rider) => !before.has(rider)).length,
      ).toBeLessThan(size / 40);
    }
  });

  it('leave other riders in other clubs or in none', () => {
    const listed = new Set(defaultClubs.map(({ id }) => id));
    const outside = Array.from({ length: 500 }, (_, index) =>
      membership.clubOf(riderIds.first + index * 7, now),
    )
      .map((club) => club?.id)
      .filter((id) => id === undefined || !listed.has(id));
    expect(outside.filter((id) => id === undefined).length).toBeGreaterThan(100);
    expect(outside.filter((id) => id !== undefined).length).toBeGreaterThan(200);
  });

  it('that cannot be requested have no members', () => {
    expect(membership.membersOf(30_001)).toBeUndefined();
    expect(membership.membersAt(30_001, now)).toEqual([]);
  });
});
