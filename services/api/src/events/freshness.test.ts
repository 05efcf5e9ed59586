import type { RankedEvent } from '@paceline/shared/contracts';
import { mapValues, kinds } from '@paceline/shared/definition';
import { describe, expect, it } from 'vitest';
import { someSettings, someTime as now } from '../testing/rows.ts';
import { callsOf, freshnessOf, nextSlots, type RefreshPlan } from './freshness.ts';

const minute = 60_000;
const hour = 60 * minute;
const slot = (opensAt: number) => ({ slotId: `slot:${opensAt}`, opensAt, endsAt: opensAt + minute });
const next = {
  ...mapValues(kinds, () => []),
  rider: [slot(now + 6 * hour)],
  near: [slot(now + 5 * minute), slot(now + 20 * minute), slot(now + 35 * minute)],
  far: [slot(now + 8 * minute), slot(now + 23 * minute), slot(now + 38 * minute)],
};
const schedule = { settings: someSettings, next };
const plan: RefreshPlan = {
  now,
  goals: { urgent: 15 * minute, near: hour, far: 24 * hour },
  schedule,
  calls: new Map(),
};
const fresh = (startsIn: number, copiedAgo: number | null, delistedAt: number | null = null, by = plan) =>
  freshnessOf(
    {
      eventId: '7',
      startsAt: now + startsIn,
      signupsFetchedAt: copiedAgo === null ? null : now - copiedAgo,
      delistedAt,
    },
    by,
  );
const withMode = (mode: 'off' | 'observed'): RefreshPlan => ({
  ...plan,
  schedule: {
    next,
    settings: { ...someSettings, kinds: mapValues(someSettings.kinds, (each) => ({ ...each, mode })) },
  },
});

describe('the freshness of an event', () => {
  it.each([
    ['in two days, fetched within a day', 48 * hour, 23 * hour, 'far', true, 8 * minute],
    ['in two hours, never fetched', 2 * hour, null, 'far', false, 8 * minute],
    ['within an hour, fetched recently', 50 * minute, minute, 'near', true, 5 * minute],
    ['within an hour, fetched an hour ago', 50 * minute, hour, 'near', false, 5 * minute],
    ['in an hour and a bit, so with the near events', hour + 3 * minute, null, 'far', false, 5 * minute],
    ['in minutes, not fetched since it is urgent', 10 * minute, 6 * minute, 'urgent', true, -5 * minute],
    ['in minutes, fetched since', 10 * minute, 4 * minute, 'urgent', true, 5 * minute],
  ])('that starts %s', (_, startsIn, copiedAgo, name, withinGoal, refreshIn) => {
    expect(fresh(startsIn, copiedAgo)).toEqual({
      class: name,
      goalMs: plan.goals[name as 'far'],
      withinGoal,
      nextRefreshAt: now + refreshIn,
    });
  });

  it('has its next refresh when the plan has its first call', () => {
    const call = (eventId: string, plannedAt: number | null) => ({ eventId, plannedAt }) as RankedEvent;
    const calls = callsOf([
      call('7', now + minute),
      call('8', now + 2),
      call('7', now + hour),
      call('9', null),
    ]);
    expect(fresh(48 * hour, hour, null, { ...plan, calls }).nextRefreshAt).toBe(now + minute);
    expect(fresh(48 * hour, hour, null, { ...plan, calls: new Map([['8', now]]) }).nextRefreshAt).toBe(
      now + 8 * minute,
    );
  });

  it('that is about to start waits for the end of a pause of the near sync, if that comes first', () => {
    const paused = (minutes: number): RefreshPlan => ({
      ...plan,
      schedule: { ...schedule, next: { ...next, near: [] }, pausedUntil: { near: now + minutes * minute } },
    });
    expect(fresh(10 * minute, null, null, paused(7)).nextRefreshAt).toBe(now + 7 * minute);
    expect(fresh(10 * minute, null, null, paused(10)).nextRefreshAt).toBeNull();
  });

  it('that is about to start within minutes is refreshed then, before a later slot', () => {
    const later: RefreshPlan = {
      ...plan,
      schedule: { ...schedule, next: { ...next, near: [slot(now + 13 * minute)] } },
    };
    expect(fresh(18 * minute, minute, null, later).nextRefreshAt).toBe(now + 3 * minute);
    const paused = { ...schedule, next: { ...next, near: [] }, pausedUntil: { near: now + 14 * minute } };
    expect(fresh(18 * minute, minute, null, { ...plan, schedule: paused }).nextRefreshAt).toBe(
      now + 14 * minute,
    );
  });

  it('that was fetched in its last minutes is refreshed again once that copy is older than the goal', () => {
    const strict = {
      ...plan,
      goals: { ...plan.goals, urgent: 5 * minute },
      schedule: { ...schedule, next: { ...next, near: [] } },
    };
    expect(fresh(10 * minute, 2 * minute, null, strict).nextRefreshAt).toBe(now + 3 * minute);
  });

  it.each([
    ['has started', 0, null],
    ['starts later than in two days', 48 * hour + 1, null],
    ['is no longer listed', hour, now - minute],
  ])('that %s is unknown, as it is not fetched', (_, startsIn, delistedAt) => {
    const nothing = { class: null, goalMs: null, withinGoal: null, nextRefreshAt: null };
    expect(fresh(startsIn, minute, delistedAt)).toEqual(nothing);
  });

  it('has no next refresh when no slot opens before the start', () => {
    expect(fresh(4 * minute, minute).nextRefreshAt).toBeNull();
  });

  it('has no next refresh while the syncs are off or observed, or the scheduler does not answer', () => {
    for (const by of [withMode('off'), withMode('observed'), { ...plan, schedule: undefined }])
      for (const startsIn of [minute, 30 * minute, 3 * hour])
        expect(fresh(startsIn, null, null, by)).toMatchObject({ withinGoal: false, nextRefreshAt: null });
  });
});

describe('the next slots of a kind', () => {
  it('are those that have not opened yet, of a schedule that may be a second old', () => {
    expect(nextSlots('near', now + 5 * minute, schedule)).toEqual([now + 20 * minute, now + 35 * minute]);
    expect(nextSlots('rider', now, withMode('off').schedule)).toEqual([]);
  });
});
