import { describe, expect, it } from 'vitest';
import { horizonOf, isListFresh, laneOf } from './horizon.ts';

const minute = 60_000;
const now = 1_000_000_000;
const covers = (kind: 'near' | 'far', startsAt: number) => {
  const { after, until } = horizonOf(kind, now);
  return startsAt > after && startsAt <= until;
};

describe('the horizon', () => {
  it.each([
    ['has just started', 0, []],
    ['started a while ago', -minute, []],
    ['starts at once', 1, ['near']],
    ['starts in an hour', 60 * minute, ['near']],
    ['starts in over an hour', 60 * minute + 1, ['far']],
    ['starts in two days', 48 * 60 * minute, ['far']],
    ['starts later still', 48 * 60 * minute + 1, []],
  ])('of an event that %s', (_, lead, kinds) => {
    expect((['near', 'far'] as const).filter((kind) => covers(kind, now + lead))).toEqual(kinds);
  });
});

describe('the lane of a run', () => {
  it('is never urgent: what is about to start does not wait for a run', () => {
    expect([laneOf('near'), laneOf('far')]).toEqual(['near_event_normal', 'far_event_sync']);
  });
});

describe('a copy of the list', () => {
  it.each([
    ['that is not there', null, false],
    ['of now', now, true],
    ['of less than a minute ago', now - minute + 1, true],
    ['of a minute ago', now - minute, false],
  ])('%s is fresh or not', (_, fetchedAt, fresh) => {
    expect(isListFresh(fetchedAt, now)).toBe(fresh);
  });
});
