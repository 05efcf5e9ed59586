import type { Heartbeat } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';
import { cutOff, heard, type Members, notConnected, roundPassed, toAskAfter } from './members.ts';

const says = (limiter: string, more: Partial<Heartbeat> = {}): Heartbeat => ({
  limiter,
  sequence: 1,
  owns: [],
  leaving: false,
  ...more,
});
const nobody: Members = new Map();
const ids = (members: Members) => [...members.keys()];
const rounds = (members: Members, count: number): Members =>
  count === 0 ? members : rounds(roundPassed(members), count - 1);

describe('the members', () => {
  it('are those that were heard, and own what they said last', () => {
    const first = heard(nobody, says('a', { owns: [{ partition: 1, claim: null }] }));
    const members = heard(first, says('a', { owns: [{ partition: 1, claim: 7 }] }));
    expect(members.get('a')?.owns).toEqual([{ partition: 1, claim: 7 }]);
  });

  it('lose who says that it leaves, at once', () => {
    expect(ids(heard(heard(nobody, says('a')), says('a', { leaving: true })))).toEqual([]);
  });

  it('lose who is silent for eight rounds', () => {
    const members = heard(nobody, says('a'));
    expect(ids(rounds(members, 7))).toEqual(['a']);
    expect(ids(rounds(members, 8))).toEqual([]);
  });

  it('keep who is heard again in time', () => {
    const members = heard(rounds(heard(nobody, says('a')), 7), says('a'));
    expect(ids(rounds(members, 7))).toEqual(['a']);
  });
});

describe('a member that falls silent', () => {
  it('is asked after once, when two rounds have passed', () => {
    const members = heard(nobody, says('a'));
    expect([1, 2, 3].map((count) => toAskAfter(rounds(members, count)))).toEqual([[], ['a'], []]);
  });

  it('is gone when it turns out that it is not connected', () => {
    expect(ids(notConnected(rounds(heard(nobody, says('a')), 2), 'a'))).toEqual([]);
  });

  it('stays when it was heard before that turned out', () => {
    const members = heard(rounds(heard(nobody, says('a')), 2), says('a'));
    expect(ids(notConnected(members, 'a'))).toEqual(['a']);
  });
});

describe('when our own connection was lost, a member', () => {
  it('has the whole lease to be heard again', () => {
    const members = cutOff(rounds(heard(nobody, says('a')), 7));
    expect(ids(rounds(members, 7))).toEqual(['a']);
    expect(ids(rounds(members, 8))).toEqual([]);
  });

  it('is not asked after before it was heard again: it may still be connecting', () => {
    const members = cutOff(heard(nobody, says('a')));
    expect(toAskAfter(rounds(members, 2))).toEqual([]);
    expect(toAskAfter(rounds(heard(members, says('a')), 2))).toEqual(['a']);
  });
});
