import { array, assert, constantFrom, integer, option, property, record } from 'fast-check';
import { classNames as classes, classOf, type Goals, isWithinGoal } from '@paceline/shared/definition';
import { describe, expect, it } from 'vitest';
import type { CallPlan } from './call-plan/next-calls.ts';
import {
  type FreshTime,
  freshnessOf,
  measure,
  nextEvents,
  shareOf,
  type TitledCandidate,
  type CopiedEvent,
  type MeasuredEvent,
} from './freshness.ts';

const minute = 60_000;
const hour = 60 * minute;
const goals: Goals = { urgent: 15 * minute, near: hour, far: 24 * hour };
/** Start of the example event. */
const startsAt = 1_000 * hour;
const always = { from: 0, until: 2_000 * hour };

const watched = (copiedBefore: readonly number[], more: Partial<CopiedEvent> = {}): CopiedEvent => ({
  startsAt,
  listedAt: startsAt - 168 * hour,
  delistedAt: null,
  copiedAt: copiedBefore.map((before) => startsAt - before),
  ...more,
});
const sharesOf = (...events: CopiedEvent[]) => {
  const by = freshnessOf(events, goals, always);
  return classes.map((name) => shareOf(by[name]));
};

describe('freshnessOf', () => {
  it('is 0 without a copy', () => {
    expect(sharesOf(watched([]))).toEqual([0, 0, 0]);
  });

  it('is 1 with a copy at the start of each class and whenever a goal has passed', () => {
    expect(sharesOf(watched([48 * hour, 24 * hour, hour, 15 * minute]))).toEqual([1, 1, 1]);
  });

  it('uses the goal of the class that the event has at the time', () => {
    // The copy is 10 min old when the last 15 min start, and stays fresh for 5 more.
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

  it('is 1 without events', () => {
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

  it('equals a count minute by minute', () => {
    assert(
      property(events, constantFrom(3, 20, 90), (all, goal) => {
        const same = { urgent: goal * minute, near: 2 * goal * minute, far: 5 * goal * minute };
        const span = { from: 10 * minute, until: 250 * minute };
        const counted = new Map<string, FreshTime>();
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

const now = startsAt;
const event = (eventId: string, lead: number, more: Partial<TitledCandidate> = {}): TitledCandidate => ({
  eventId,
  title: `Race ${eventId}`,
  startsAt: now + lead,
  listedSignups: 10,
  signupsListedThen: 10,
  signupsFetchedAt: now - 10 * minute,
  hasOurs: false,
  ...more,
});
const watchedFor = (lead: number, more: Partial<MeasuredEvent> = {}): MeasuredEvent => ({
  startsAt: now + lead,
  listedAt: 0,
  delistedAt: null,
  copiedAt: [],
  hasOurs: false,
  ...more,
});

describe('measure', () => {
  it('counts events per class, those with our riders and those within the goal', () => {
    const upcoming = [
      event('a', 10 * minute),
      event('b', 10 * minute, { hasOurs: true, signupsFetchedAt: null }),
      event('c', 30 * minute, { hasOurs: true }),
      event('d', 30 * hour, { signupsFetchedAt: now - 25 * hour }),
    ];
    const { at, classes } = measure(upcoming, [], goals, now + 0.4);
    expect(at).toBe(now);
    expect(classes).toMatchObject([
      { class: 'urgent', goalMs: 15 * minute, events: 2, ours: 1, within: 1, oursWithin: 0 },
      { class: 'near', events: 1, ours: 1, within: 1, oursWithin: 1 },
      { class: 'far', events: 1, ours: 0, within: 0, oursWithin: 0 },
    ]);
  });

  it('measures the last day, and returns null for a class without events', () => {
    const started = watchedFor(-hour, { hasOurs: true, copiedAt: [now - hour - 15 * minute] });
    const stale = watchedFor(-2 * hour);
    const { classes } = measure([], [started, stale], goals, now);
    expect(classes.map(({ lastDay, oursLastDay }) => [lastDay, oursLastDay])).toEqual([
      [0.5, 1],
      [0, 0],
      [0, 0],
    ]);
    expect(measure([], [stale], goals, now).classes.map(({ oursLastDay }) => oursLastDay)).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe('nextEvents', () => {
  const next = (calls: CallPlan<TitledCandidate>['calls'], ...others: TitledCandidate[]) => {
    const events = [...new Set([...calls.map((call) => call.event), ...others])];
    return nextEvents({ now, permit: 'before', events, calls }, goals, now);
  };

  it('has the planned calls in their order, each with its reason and until when its copy is fresh', () => {
    const soon = event('soon', 20 * minute, { signupsFetchedAt: null, hasOurs: true });
    const calls = [
      {
        at: now + minute,
        event: soon,
        class: 'near',
        because: 'never_fetched',
        freshUntil: now + 16 * minute,
      },
      {
        at: now + 6 * minute,
        event: soon,
        class: 'urgent',
        because: 'about_to_start',
        freshUntil: soon.startsAt,
      },
    ] as const;
    expect(next(calls)).toMatchObject([
      {
        eventId: 'soon',
        title: 'Race soon',
        class: 'near',
        because: 'never_fetched',
        plannedAt: now + minute,
      },
      {
        eventId: 'soon',
        class: 'urgent',
        plannedAt: now + 6 * minute,
        freshUntil: soon.startsAt,
        ours: true,
      },
    ]);
  });

  it('has then the events that wait although their copy is older than the goal, by start', () => {
    const old = { signupsFetchedAt: now - 25 * hour };
    const waiting = [event('later', 30 * hour, old), event('soon', 30 * minute, old)];
    const others = [event('fresh', 20 * hour), event('started', 0, old)];
    expect(next([], ...waiting, ...others)).toMatchObject([
      { eventId: 'soon', class: 'near', because: 'others_gain_more', plannedAt: null, freshUntil: null },
      { eventId: 'later', class: 'far', because: 'others_gain_more', withinGoal: false },
    ]);
  });
});
