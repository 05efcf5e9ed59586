import { describe, expect, it } from 'vitest';
import { type Claims, dutiesOf } from './duties.ts';
import type { Members } from './members.ts';

const partitions = [0, 1, 2, 3];

/** A member that owns these partitions, each by the claim of this sequence (null: it still claims it). */
const member = (claims: Record<number, number | null>) => ({
  owns: Object.entries(claims).map(([partition, claim]) => ({ partition: Number(partition), claim })),
  silent: 0,
  heardOnThisConnection: true,
});

const duties = (mine: Record<number, number | null>, others: Members = new Map(), limiter = 'me') => {
  const claims: Claims = new Map(
    Object.entries(mine).map(([partition, claim]) => [Number(partition), claim]),
  );
  return dutiesOf({ limiter, mine: claims, members: others, partitions });
};

describe('the duties of a limiter', () => {
  it('alone are to take everything', () => {
    expect(duties({})).toEqual({ take: partitions, shed: [], lost: [] });
  });

  it('are none while everybody owns its share', () => {
    const others = new Map([['other', member({ 2: 3, 3: 4 })]]);
    expect(duties({ 0: 1, 1: 2 }, others)).toEqual({ take: [], shed: [], lost: [] });
  });

  it('are to shed what is the share of one that came, who takes nothing before that', () => {
    const newcomer = new Map([['other', member({})]]);
    expect(duties({ 0: 1, 1: 2, 2: 3, 3: 4 }, newcomer)).toEqual({ take: [], shed: [2, 3], lost: [] });
    const owner = new Map([['me', member({ 0: 1, 1: 2, 2: 3, 3: 4 })]]);
    expect(duties({}, owner, 'other')).toEqual({ take: [], shed: [], lost: [] });
  });

  it('are to take what another has shed', () => {
    const owner = new Map([['other', member({ 0: 1, 1: 2, 3: 4 })]]);
    expect(duties({}, owner)).toEqual({ take: [2], shed: [], lost: [] });
  });

  it('are to let go of what another has claimed later, and of nothing that it claimed earlier', () => {
    const others = new Map([['other', member({ 0: 9, 1: 1 })]]);
    expect(duties({ 0: 5, 1: 6 }, others).lost).toEqual([0]);
  });

  it('are to let go of what another claims right now, which will be the later claim', () => {
    const others = new Map([['other', member({ 0: null })]]);
    expect(duties({ 0: 5 }, others).lost).toEqual([0]);
    expect(duties({ 0: null }, new Map([['other', member({ 0: 5 })]])).lost).toEqual([]);
  });
});
