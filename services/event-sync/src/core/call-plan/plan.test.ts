import { freshnessClasses, isWithinGoal } from '@paceline/shared/definition';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidate, copied, planNow as now, planRules as rules } from '../../testing/candidates.ts';
import type { Candidate } from '../classes.ts';
import { createPlanner, type Situation } from './next-calls.ts';

const minute = 60_000;
const hour = 60;
const typicalMs = 2_000;
const { goals } = rules;
const always = [{ from: -Infinity, until: Infinity }];

const situation = {
  policy: { limit: 1, windowMs: minute },
  slots: always,
  isWatched: true,
  permit: 'held',
} as const;
const planAt = (at: number, events: readonly Candidate[], more: Partial<Situation> = {}) =>
  createPlanner(rules, typicalMs)({ ...situation, events, now: at, ...more }).calls;
const plan = (events: readonly Candidate[], more?: Partial<Situation>) => planAt(now, events, more);
const reasons = (...events: Candidate[]) =>
  new Map(plan(events).map(({ event, class: name, because }) => [event.eventId, [name, because]]));

const events = fc
  .array(
    fc.record({
      lead: fc.oneof(fc.integer({ min: -10, max: 180 }), fc.integer({ min: 180, max: 56 * hour })),
      ago: fc.option(fc.integer({ min: 0, max: 26 * hour })),
      hasOurs: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((all) =>
    all.map(({ lead, ago, hasOurs }, index) =>
      candidate(String(index), lead, { hasOurs, ...(ago !== null && copied(ago)) }),
    ),
  );

describe('the plan that was made before', () => {
  const all = [candidate('a', 40), candidate('b', 70, copied(30)), candidate('c', 20 * hour)];
  const later = 3_000;

  it('is used again a moment later, so that a permit is used for what it was requested for', () => {
    const planNext = createPlanner(rules, typicalMs);
    const before = planNext({ ...situation, events: all, now, permit: 'before' }).calls;
    const { calls, ...held } = planNext({
      ...situation,
      events: all.map((each) => ({ ...each })),
      now: now + later,
    });
    expect(held).toMatchObject({ now: now + later, permit: 'held' });
    expect(calls).toEqual(before.map((call) => ({ ...call, at: call.at + later })));
  });

  it('is not when a copy, a slot or the time has changed', () => {
    const changes: Array<Partial<Situation>> = [
      { events: [candidate('a', 40, copied(0)), ...all.slice(1)] },
      { slots: [{ from: now + hour * minute, until: Infinity }] },
      { now: now + minute },
    ];
    for (const change of changes) {
      const planNext = createPlanner(rules, typicalMs);
      planNext({ ...situation, events: all, now });
      const next = { ...situation, events: all, now: now + later, ...change };
      expect(planNext(next).calls).toEqual(createPlanner(rules, typicalMs)(next).calls);
    }
  });

  it('is not for an event that has started by now', () => {
    const planNext = createPlanner(rules, typicalMs);
    const starting = [candidate('a', 0.04)];
    expect(planNext({ ...situation, events: starting, now }).calls).toHaveLength(1);
    expect(planNext({ ...situation, events: starting, now: now + later }).calls).toEqual([]);
  });
});

describe('a plan', () => {
  it('is ascending, one call at a time, for events that have not started, each fresh until its start at most', () => {
    fc.assert(
      fc.property(events, (all) => {
        const calls = plan(all);
        for (const [index, { at, event, freshUntil }] of calls.entries()) {
          expect(at).toBeGreaterThan((calls[index - 1] ?? { at: now - 1 }).at);
          expect(at).toBeLessThan(event.startsAt);
          expect(freshUntil).toBeGreaterThanOrEqual(at);
          expect(freshUntil).toBeLessThanOrEqual(event.startsAt);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('does not depend on the order of the events', () => {
    fc.assert(
      fc.property(events, (all) => {
        expect(plan(all.toReversed())).toEqual(plan(all));
      }),
      { numRuns: 40 },
    );
  });

  it('makes calls outside of slots only for urgent events, and none while those are not watched', () => {
    fc.assert(
      fc.property(events, (all) => {
        const calls = plan(all, { slots: [] });
        expect(calls.filter(({ class: name }) => name !== 'urgent')).toEqual([]);
        expect(plan(all, { slots: [], isWatched: false })).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('starts a window after the last copy when it has no permit yet', () => {
    const all = [candidate('a', 10), candidate('b', 40, copied(0.5))];
    const [first] = plan(all, { permit: 'before' });
    expect(first?.at).toBe(now + 31_000);
  });

  it('says for what each call is and why', () => {
    const all = reasons(
      candidate('urgent', 10, copied(30)),
      candidate('near', 40),
      candidate('old', 45, copied(80)),
      candidate('soon old', 62, copied(30)),
      candidate('far', 20 * hour),
      candidate('far, old', 30 * hour, copied(25 * hour)),
    );
    expect(all.get('urgent')).toEqual(['urgent', 'about_to_start']);
    expect(all.get('far')).toEqual(['far', 'never_fetched']);
    expect(all.get('far, old')).toEqual(['far', 'older_than_goal']);
    const [near] = plan([candidate('near', 40)]);
    expect(near).toMatchObject({ class: 'near', because: 'never_fetched' });
    expect(plan([candidate('old', 45, copied(80))])[0]).toMatchObject({ because: 'older_than_goal' });
    const soonOld = candidate('soon old', 62, copied(30));
    const atOnce = { slots: [{ from: now, until: now + minute }], isWatched: false };
    expect(plan([soonOld], atOnce)[0]).toMatchObject({ class: 'near', because: 'soon_older_than_goal' });
  });

  it('has no call that gains nothing', () => {
    expect(
      plan([candidate('fresh', 10, copied(1)), candidate('started', 0), candidate('next week', 100 * hour)]),
    ).toEqual([]);
  });
});

/** The events after a number of minutes in which the first call of each minute's plan is made. */
function live(all: readonly Candidate[], minutes: number): { events: Candidate[]; farAt: number[] } {
  let known = [...all];
  const farAt: number[] = [];
  for (let at = now; at < now + minutes * minute; at += minute) {
    const [first] = planAt(at, known);
    if (!first || first.at > at) continue;
    if (first.class === 'far') farAt.push((at - now) / minute);
    known = known.map((each) =>
      each.eventId === first.event.eventId ? { ...each, signupsFetchedAt: at, signupsListedThen: 10 } : each,
    );
  }
  return { events: known, farAt };
}

describe('an evening that follows its plans', () => {
  const peak = Array.from({ length: 10 }, (_, index) => candidate(`peak ${index}`, 90));

  it('has every one of ten events that start together fresh at the start', () => {
    const { events: after } = live(peak, 90);
    const last = now + 90 * minute - 1;
    const fresh = after.filter(({ signupsFetchedAt: at, startsAt }) =>
      isWithinGoal(at, startsAt, goals, last),
    );
    expect(fresh).toHaveLength(10);
    for (const { signupsFetchedAt: at, startsAt } of after)
      expect(at).toBeGreaterThanOrEqual(startsAt - freshnessClasses.urgent.fromMs);
  });

  it('never leaves far events without a call for longer than the gap and a call', () => {
    const crowd = Array.from({ length: 60 }, (_, index) => candidate(`near ${index}`, 5 + index * 3));
    const far = Array.from({ length: 20 }, (_, index) => candidate(`far ${index}`, (20 + index) * hour));
    const { farAt } = live([...crowd, ...far], 180);
    const gaps = [...farAt, 180].map((at, index) => at - (farAt[index - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(rules.farGapMs / minute + 2);
  });
});
