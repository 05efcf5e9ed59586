import { array, assert, constantFrom, integer, option, property, record } from 'fast-check';
import { classNames as classes } from '@paceline/shared/definition';
import { describe, expect, it } from 'vitest';
import { classOf } from './classes.ts';
import { type Freshness, freshnessOf, type Goals, isWithinGoal, shareOf, type Watched } from './freshness.ts';

const minute = 60_000;
const hour = 60 * minute;
const goals: Goals = { urgent: 15 * minute, near: hour, far: 24 * hour };
/** When the event of the examples starts. */
const startsAt = 1_000 * hour;
const always = { from: 0, until: 2_000 * hour };

const watched = (copiedBefore: readonly number[], more: Partial<Watched> = {}): Watched => ({
  startsAt,
  listedAt: startsAt - 168 * hour,
  delistedAt: null,
  copiedAt: copiedBefore.map((before) => startsAt - before),
  ...more,
});
const sharesOf = (...events: Watched[]) => {
  const by = freshnessOf(events, goals, always);
  return classes.map((name) => shareOf(by[name]));
};

describe('the class of an event', () => {
  it.each([
    [48 * hour + 1, undefined],
    [48 * hour, 'far'],
    [hour + 1, 'far'],
    [hour, 'near'],
    [15 * minute + 1, 'near'],
    [15 * minute, 'urgent'],
    [1, 'urgent'],
    [0, undefined],
    [-1, undefined],
  ])('that starts in %d ms is %s', (lead, name) => {
    expect(classOf(startsAt, startsAt - lead)).toBe(name);
  });
});

describe('the freshness of an event', () => {
  it('is nothing without a copy', () => {
    expect(sharesOf(watched([]))).toEqual([0, 0, 0]);
  });

  it('is all of it with a copy at the beginning of each class and whenever a goal has passed', () => {
    expect(sharesOf(watched([48 * hour, 24 * hour, hour, 15 * minute]))).toEqual([1, 1, 1]);
  });

  it('lasts as long as the goal of the class that the event is of at the time', () => {
    // Ten minutes old when the last quarter of an hour begins: five more, then it is too old.
    expect(sharesOf(watched([25 * minute]))[0]).toBeCloseTo(5 / 15);
    expect(sharesOf(watched([25 * minute]))[1]).toBeCloseTo(10 / 45);
  });

  it('counts only while upstream lists the event', () => {
    const { far, near } = freshnessOf(
      [watched([], { listedAt: startsAt - 3 * hour, delistedAt: startsAt - 30 * minute })],
      goals,
      always,
    );
    expect([far.total, near.total]).toEqual([2 * hour, 30 * minute]);
  });

  it('is all of it where there is nothing to be fresh', () => {
    expect(sharesOf()).toEqual([1, 1, 1]);
  });

  const events = array(
    record({
      startsAt: integer({ min: 1, max: 300 }),
      listedAt: integer({ min: -100, max: 300 }),
      delistedAt: option(integer({ min: -100, max: 300 })),
      copiedAt: array(integer({ min: -100, max: 300 }), { maxLength: 6 }).map((list) =>
        list.toSorted((a, b) => a - b),
      ),
    }).map((event) => ({
      startsAt: event.startsAt * minute,
      listedAt: event.listedAt * minute,
      delistedAt: event.delistedAt === null ? null : event.delistedAt * minute,
      copiedAt: event.copiedAt.map((at) => at * minute),
    })),
    { maxLength: 4 },
  );

  it('is what looking at every minute comes to', () => {
    assert(
      property(events, constantFrom(3, 20, 90), (all, goal) => {
        const same = { urgent: goal * minute, near: 2 * goal * minute, far: 5 * goal * minute };
        const span = { from: 10 * minute, until: 250 * minute };
        const counted = new Map<string, Freshness>();
        for (let now = span.from; now < span.until; now += minute) {
          for (const event of all) {
            const name = classOf(event.startsAt, now);
            if (!name || now < event.listedAt || now >= (event.delistedAt ?? Infinity)) continue;
            const copiedAt = event.copiedAt.findLast((at) => at <= now) ?? null;
            const fresh = isWithinGoal(copiedAt, event.startsAt, same, now) ? minute : 0;
            const { within, total } = counted.get(name) ?? { within: 0, total: 0 };
            counted.set(name, { within: within + fresh, total: total + minute });
          }
        }
        const by = freshnessOf(all, same, span);
        for (const name of classes) expect(by[name]).toEqual(counted.get(name) ?? { within: 0, total: 0 });
      }),
      { numRuns: 200 },
    );
  });
});
