import { describe, expect, it } from 'vitest';
import { type Claims, planOwnership } from './ownership.ts';
import type { Members } from './members.ts';

const partitions = [0, 1, 2, 3];

/** A member with these partitions and the sequences of its claims; null while a claim is being made. */
const member = (claims: Record<number, number | null>) => ({
  owns: Object.entries(claims).map(([partition, claim]) => ({ partition: Number(partition), claim })),
  silentRounds: 0,
  seenOnThisConnection: true,
});

const planFor = (own: Record<number, number | null>, others: Members = new Map(), limiter = 'me') => {
  const claims: Claims = new Map(Object.entries(own).map(([partition, claim]) => [Number(partition), claim]));
  return planOwnership({ limiter, own: claims, members: others, partitions });
};

describe('the ownership plan of a limiter', () => {
  it('claims every partition when it is alone', () => {
    expect(planFor({})).toEqual({ claim: partitions, release: [], lost: [] });
  });

  it('is empty while every limiter owns its share', () => {
    const others = new Map([['other', member({ 2: 3, 3: 4 })]]);
    expect(planFor({ 0: 1, 1: 2 }, others)).toEqual({ claim: [], release: [], lost: [] });
  });

  it('releases the share of a new limiter, which claims nothing before that', () => {
    const newcomer = new Map([['other', member({})]]);
    expect(planFor({ 0: 1, 1: 2, 2: 3, 3: 4 }, newcomer)).toEqual({ claim: [], release: [2, 3], lost: [] });
    const owner = new Map([['me', member({ 0: 1, 1: 2, 2: 3, 3: 4 })]]);
    expect(planFor({}, owner, 'other')).toEqual({ claim: [], release: [], lost: [] });
  });

  it('claims a partition that another limiter has released', () => {
    const owner = new Map([['other', member({ 0: 1, 1: 2, 3: 4 })]]);
    expect(planFor({}, owner)).toEqual({ claim: [2], release: [], lost: [] });
  });

  it('gives up a partition with a later claim by another limiter, not one with an earlier claim', () => {
    const others = new Map([['other', member({ 0: 9, 1: 1 })]]);
    expect(planFor({ 0: 5, 1: 6 }, others).lost).toEqual([0]);
  });

  it('gives up a partition that another limiter is claiming now', () => {
    const others = new Map([['other', member({ 0: null })]]);
    expect(planFor({ 0: 5 }, others).lost).toEqual([0]);
    expect(planFor({ 0: null }, new Map([['other', member({ 0: 5 })]])).lost).toEqual([]);
  });
});
