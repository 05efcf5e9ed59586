import { describe, expect, it } from 'vitest';
import { createMembership, defaultClubs, isRider, riderIds } from './riders.ts';

const membership = createMembership(1, defaultClubs);

describe('clubs', () => {
  it.each(defaultClubs)(
    '$name has $size members in ascending order, each a rider and in no other club',
    ({ id, size }) => {
      const members = membership.membersOf(id) ?? [];
      expect(new Set(members).size).toBe(size);
      expect(members).toEqual(members.toSorted((a, b) => a - b));
      expect(members.every(isRider)).toBe(true);
      expect(Math.max(...members)).toBeLessThan(riderIds.strangersFrom);
      expect(members.every((member) => membership.clubOf(member)?.id === id)).toBe(true);
    },
  );

  it('have the same members for the same seed, and others for another', () => {
    expect(createMembership(1, defaultClubs).membersOf(20651)).toEqual(membership.membersOf(20651));
    expect(createMembership(2, defaultClubs).membersOf(20651)).not.toEqual(membership.membersOf(20651));
  });

  it('leave other riders in other clubs or in none', () => {
    const listed = new Set(defaultClubs.map(({ id }) => id));
    const outside = Array.from({ length: 500 }, (_, index) => membership.clubOf(riderIds.first + index * 7))
      .map((club) => club?.id)
      .filter((id) => id === undefined || !listed.has(id));
    expect(outside.filter((id) => id === undefined).length).toBeGreaterThan(100);
    expect(outside.filter((id) => id !== undefined).length).toBeGreaterThan(200);
  });

  it('that cannot be requested have no members', () => {
    expect(membership.membersOf(30_001)).toBeUndefined();
  });
});
