import {
  classOf,
  type EventKind,
  eventKindOf,
  eventKinds,
  forcedLanes,
  kinds as syncKinds,
} from '@paceline/shared/definition';
import { describe, expect, it } from 'vitest';
import { horizonOf, isListFresh } from './classes.ts';

const minute = 60_000;
const now = 1_000_000_000;
const covers = (kind: EventKind, startsAt: number) => {
  const { after, until } = horizonOf(kind, now);
  return startsAt > after && startsAt <= until;
};

describe('the horizons of the kinds', () => {
  it.each([
    ['has just started', 0, []],
    ['started a while ago', -minute, []],
    ['starts immediately', 1, ['near']],
    ['starts in an hour', 60 * minute, ['near']],
    ['starts in over an hour', 60 * minute + 1, ['far']],
    ['starts in two days', 48 * 60 * minute, ['far']],
    ['starts later still', 48 * 60 * minute + 1, []],
  ])('cover an event that %s', (_, lead, kinds) => {
    expect(eventKinds.filter((kind) => covers(kind, now + lead))).toEqual(kinds);
    if (kinds.length > 0) expect([eventKindOf(now + lead, now)]).toEqual(kinds);
  });
});

describe('the lane of a run', () => {
  it('is never a forced one, as urgent events have the watch', () => {
    const lanes = eventKinds.map((kind) => syncKinds[kind].lane);
    expect(lanes).toEqual(['near_event_normal', 'far_event_sync']);
    expect(lanes.filter((lane) => forcedLanes.has(lane))).toEqual([]);
  });
});

describe('the class of an event', () => {
  it.each([
    [48 * 60 * minute + 1, undefined],
    [48 * 60 * minute, 'far'],
    [60 * minute + 1, 'far'],
    [60 * minute, 'near'],
    [15 * minute + 1, 'near'],
    [15 * minute, 'urgent'],
    [1, 'urgent'],
    [0, undefined],
    [-1, undefined],
  ])('that starts in %d ms is %s', (lead, name) => {
    expect(classOf(now + lead, now)).toBe(name);
  });
});

describe('isListFresh', () => {
  it.each([
    ['false without a copy', null, false],
    ['true for a new copy', now, true],
    ['true for a copy less than a minute old', now - minute + 1, true],
    ['false for a copy a minute old', now - minute, false],
  ])('is %s', (_, fetchedAt, fresh) => {
    expect(isListFresh(fetchedAt, now)).toBe(fresh);
  });
});
