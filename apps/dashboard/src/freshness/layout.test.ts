import { describe, expect, it } from 'vitest';
import type { Freshness } from '@paceline/client';
import { at, now } from '@paceline/client/testing';
import { layoutAges, percent } from './layout.ts';

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
  reason: 'oldest_copy',
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

describe('the age bars', () => {
  it('are relative to the goal of their class, which is in the middle', () => {
    expect(layoutAges(report(event({})), now)).toMatchObject([
      { share: 0.25, isStale: false, text: 'starts in 50:00, fetched 30 min ago, oldest copy' },
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
    const rows = layoutAges(report(event({ signupsFetchedAt: null, reason: 'never_fetched' })), now);
    expect(rows).toMatchObject([{ share: null, isStale: false, text: 'starts in 50:00, not fetched yet' }]);
  });
});

it('a share is never rounded up to 100 %', () => {
  expect(percent(0.99999)).toBe('99.9 %');
  expect(percent(1)).toBe('100 %');
  expect(percent(null)).toBe('–');
});
