import type { Result, Signup } from '@paceline/client';
import { at, minute, now } from '@paceline/client/testing';
import { describe, expect, it } from 'vitest';
import { changesOf, groupBy, growthOf, lastDayText, resultGroups, startList, startsIn } from './layout.ts';

const everyone = { ours: false };

const signup = (riderId: number, given: Partial<Signup> = {}): Signup => ({
  riderId,
  name: `Rider ${riderId}`,
  pen: 'B',
  rating: null,
  ours: false,
  club: null,
  withdrawn: (given.withdrawnAt ?? null) !== null,
  withdrawnAt: null,
  firstSeenAt: at(-60),
  lastSeenAt: at(0),
  ageSeconds: 0,
  ...given,
});

const result = (riderId: number, given: Partial<Result> = {}): Result => ({
  riderId,
  name: `Rider ${riderId}`,
  pen: 'B',
  ours: false,
  club: null,
  finished: true,
  positionInPen: null,
  seconds: 1_500,
  gapSeconds: 0,
  rating: null,
  ratingBefore: null,
  ratingDelta: null,
  removed: false,
  removedAt: null,
  firstSeenAt: at(0),
  lastSeenAt: at(0),
  ...given,
});

describe('the start list', () => {
  const list = startList(
    [
      signup(1, { pen: 'B', rating: 1_700 }),
      signup(2, { pen: 'A' }),
      signup(3, { pen: 'B', rating: 1_400, ours: true }),
      signup(4, { pen: 'A+' }),
      signup(5, { pen: 'B', rating: 1_800 }),
      signup(6, { pen: 'B', withdrawnAt: at(-5) }),
    ],
    everyone,
  );

  it('has the strongest pen first', () => expect(list.map(({ pen }) => pen)).toEqual(['A+', 'A', 'B']));

  it('names our riders first in each pen, then the others by rating, without riders who withdrew', () => {
    expect(list[2]?.riders.map(({ riderId }) => riderId)).toEqual([3, 5, 1]);
  });

  it('can be limited to a pen or to our riders', () => {
    const riders = [signup(1), signup(2, { ours: true }), signup(3, { pen: 'C', ours: true })];
    const ids = (filter: Parameters<typeof startList>[1]) =>
      startList(riders, filter).flatMap((group) => group.riders.map(({ riderId }) => riderId));
    expect(ids({ ours: true })).toEqual([2, 3]);
    expect(ids({ ours: true, pen: 'C' })).toEqual([3]);
    expect(ids({ ours: false, pen: 'B' })).toEqual([2, 1]);
  });
});

describe('the changes of the signups', () => {
  it('are listed newest first, without the riders of the first copy', () => {
    const changes = changesOf(
      [
        signup(1),
        signup(2, { firstSeenAt: at(-40), withdrawnAt: at(-10) }),
        signup(3, { withdrawnAt: at(-20) }),
      ],
      everyone,
    );
    expect(changes.map(({ at: time, joined, signup: { riderId } }) => [time, joined, riderId])).toEqual([
      [at(-10), false, 2],
      [at(-20), false, 3],
      [at(-40), true, 2],
    ]);
  });

  it('at the same time begin with our riders', () => {
    const changes = changesOf(
      [signup(1), signup(2, { withdrawnAt: at(-5) }), signup(3, { withdrawnAt: at(-5), ours: true })],
      everyone,
    );
    expect(changes.map(({ signup: { riderId } }) => riderId)).toEqual([3, 2]);
  });
});

describe('the growth of the signups', () => {
  it('is the number of signups after each copy that changed it', () => {
    const signups = [
      signup(1),
      signup(2),
      signup(3, { firstSeenAt: at(-40) }),
      signup(4, { firstSeenAt: at(-40), withdrawnAt: at(-20) }),
    ];
    expect(growthOf(signups, at(0))).toEqual([
      { at: now - 60 * minute, value: 2 },
      { at: now - 40 * minute, value: 4 },
      { at: now - 20 * minute, value: 3 },
      { at: now, value: 3 },
    ]);
  });

  it('is empty before the first copy', () => expect(growthOf([], null)).toEqual([]));

  it('is zero at the last copy of an event without signups', () => {
    expect(growthOf([], at(0))).toEqual([{ at: now, value: 0 }]);
  });
});

describe('results', () => {
  it('keep the order of the API in each pen', () => {
    const groups = resultGroups(
      [
        result(5, { pen: 'B', positionInPen: 1 }),
        result(1, { pen: 'B', finished: false }),
        result(2, { pen: 'A', positionInPen: 1 }),
      ],
      everyone,
    );
    expect(groups.map(({ pen, riders }) => [pen, riders.map(({ riderId }) => riderId)])).toEqual([
      ['A', [2]],
      ['B', [5, 1]],
    ]);
  });
});

it('changes of the last day are left out when there are none', () => {
  expect(lastDayText({ joined: 5, withdrawn: 1 })).toBe('+5, −1 in 24 h');
  expect(lastDayText({ joined: 0, withdrawn: 2 })).toBe('−2 in 24 h');
  expect(lastDayText({ joined: 0, withdrawn: 0 })).toBe('');
});

it('groups hold consecutive items with the same label', () => {
  expect(groupBy([1, 2, 11, 12], (item) => (item < 10 ? 'small' : 'large'))).toEqual([
    { label: 'small', items: [1, 2] },
    { label: 'large', items: [11, 12] },
  ]);
});

it('the events of a class start between the next class and the time when they enter it', () => {
  expect(startsIn('urgent', now)).toEqual({ from: at(0), to: at(15) });
  expect(startsIn('near', now)).toEqual({ from: at(15), to: at(60) });
});
