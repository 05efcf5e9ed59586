import { describe, expect, it } from 'vitest';
import type { Freshness } from '@paceline/client';
import { at, now } from '@paceline/client/testing';
import { layoutAges, layoutPlan, percent } from './layout.ts';

type NextCall = Freshness['nextCalls'][number];
const event = (given: Partial<NextCall>): NextCall => ({
  eventId: '1',
  title: 'A race',
  startsAt: at(50),
  class: 'near',
  ours: false,
  signupsFetchedAt: at(-30),
  signupsAgeSeconds: 1_800,
  withinGoal: true,
  reason: 'others_gain_more',
  plannedAt: null,
  freshUntil: null,
  ...given,
});
const nearGoal = { class: 'near', goalSeconds: 3_600 } as Freshness['classes'][number];
const report = (...nextCalls: NextCall[]): Freshness => ({
  at: at(0),
  classes: [nearGoal],
  nextCalls,
});

describe('the plan of the next hour', () => {
  /** Ten pixels per minute. */
  const bandsOf = (...calls: NextCall[]) => layoutPlan(report(...calls), now, 600).bands;
  const planned = (minutes: number, given: Partial<NextCall> = {}) =>
    event({
      reason: 'never_fetched',
      plannedAt: at(minutes),
      freshUntil: given.startsAt ?? at(50),
      ...given,
    });

  it('has a mark per call in the band of its class, with a bar for as long as its copy is fresh', () => {
    const bands = bandsOf(planned(10, { freshUntil: at(25) }), planned(12, { class: 'urgent' }));
    expect(bands.map(({ name, calls }) => [name, calls.length])).toEqual([
      ['urgent', 1],
      ['near', 1],
      ['far', 0],
    ]);
    expect(bands[1]?.calls).toMatchObject([{ x: 100, endX: 250, startX: undefined, text: '19:20 A race' }]);
  });

  it('ends the bar at the start of the event, and marks it', () => {
    const [, near] = bandsOf(planned(10, { freshUntil: at(80) }), planned(40, { startsAt: at(90) }));
    expect(near?.calls).toMatchObject([
      { endX: 500, startX: 500 },
      { endX: 600, startX: undefined },
    ]);
  });

  it('has the title of the event where there is room for it', () => {
    const [, near] = bandsOf(
      planned(10),
      planned(50, { title: 'A race with a name that is far too long '.repeat(9) }),
    );
    expect(near?.calls).toMatchObject([
      { textX: 108, isBefore: false },
      { textX: 492, isBefore: true, text: expect.stringMatching(/…$/) },
    ]);
  });

  it('leaves out events without a planned call', () => {
    expect(bandsOf(event({})).flatMap(({ calls }) => calls)).toEqual([]);
  });
});

describe('the age bars of events without a planned call', () => {
  it('are relative to the goal of their class, which is in the middle', () => {
    expect(layoutAges(report(event({})), now)).toMatchObject([
      { share: 0.25, isStale: false, text: 'starts in 50:00, fetched 30 min ago: others gain more' },
    ]);
  });

  it('grow with the age of a copy, and are stale beyond the goal', () => {
    const rows = layoutAges(
      report(event({ signupsFetchedAt: at(-61) }), event({ signupsFetchedAt: at(-600) })),
      now,
    );
    expect(rows).toMatchObject([
      { share: expect.closeTo(0.508), isStale: true },
      { share: 1, isStale: true },
    ]);
  });

  it('are empty for an event that was never fetched', () => {
    const rows = layoutAges(report(event({ signupsFetchedAt: null })), now);
    expect(rows).toMatchObject([
      { share: null, isStale: false, text: 'starts in 50:00, not fetched yet: others gain more' },
    ]);
  });

  it('leave out events with a planned call', () => {
    expect(layoutAges(report(event({ plannedAt: at(1), freshUntil: at(50) })), now)).toEqual([]);
  });
});

it('a share is never rounded up to 100 %', () => {
  expect(percent(0.99999)).toBe('99.9 %');
  expect(percent(1)).toBe('100 %');
  expect(percent(null)).toBe('–');
});
