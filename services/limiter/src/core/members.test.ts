import type { Heartbeat } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';
import {
  connectionLost,
  heartbeatReceived,
  type Members,
  memberNotConnected,
  roundEnded,
  membersToPing,
} from './members.ts';

const heartbeat = (limiter: string, more: Partial<Heartbeat> = {}): Heartbeat => ({
  limiter,
  sequence: 1,
  owns: [],
  leaving: false,
  ...more,
});
const none: Members = new Map();
const ids = (members: Members) => [...members.keys()];
const afterRounds = (members: Members, count: number): Members =>
  count === 0 ? members : afterRounds(roundEnded(members), count - 1);

describe('members', () => {
  it('own what their last heartbeat says', () => {
    const first = heartbeatReceived(none, heartbeat('a', { owns: [{ partition: 1, claim: null }] }));
    const members = heartbeatReceived(first, heartbeat('a', { owns: [{ partition: 1, claim: 7 }] }));
    expect(members.get('a')?.owns).toEqual([{ partition: 1, claim: 7 }]);
  });

  it('are removed immediately when they announce that they leave', () => {
    expect(
      ids(heartbeatReceived(heartbeatReceived(none, heartbeat('a')), heartbeat('a', { leaving: true }))),
    ).toEqual([]);
  });

  it('are removed after 8 silent rounds', () => {
    const members = heartbeatReceived(none, heartbeat('a'));
    expect(ids(afterRounds(members, 7))).toEqual(['a']);
    expect(ids(afterRounds(members, 8))).toEqual([]);
  });

  it('stay when a heartbeat arrives in time', () => {
    const members = heartbeatReceived(
      afterRounds(heartbeatReceived(none, heartbeat('a')), 7),
      heartbeat('a'),
    );
    expect(ids(afterRounds(members, 7))).toEqual(['a']);
  });
});

describe('a silent member', () => {
  it('is pinged once, after 2 rounds', () => {
    const members = heartbeatReceived(none, heartbeat('a'));
    expect([1, 2, 3].map((count) => membersToPing(afterRounds(members, count)))).toEqual([[], ['a'], []]);
  });

  it('is removed when the ping finds it not connected', () => {
    expect(ids(memberNotConnected(afterRounds(heartbeatReceived(none, heartbeat('a')), 2), 'a'))).toEqual([]);
  });

  it('stays when its heartbeat arrived before the ping failed', () => {
    const members = heartbeatReceived(
      afterRounds(heartbeatReceived(none, heartbeat('a')), 2),
      heartbeat('a'),
    );
    expect(ids(memberNotConnected(members, 'a'))).toEqual(['a']);
  });
});

describe('after our own connection was lost, a member', () => {
  it('keeps its place for the whole lease', () => {
    const members = connectionLost(afterRounds(heartbeatReceived(none, heartbeat('a')), 7));
    expect(ids(afterRounds(members, 7))).toEqual(['a']);
    expect(ids(afterRounds(members, 8))).toEqual([]);
  });

  it('is not pinged before its next heartbeat, since it may still be reconnecting', () => {
    const members = connectionLost(heartbeatReceived(none, heartbeat('a')));
    expect(membersToPing(afterRounds(members, 2))).toEqual([]);
    expect(membersToPing(afterRounds(heartbeatReceived(members, heartbeat('a')), 2))).toEqual(['a']);
  });
});
