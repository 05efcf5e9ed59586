import type { Candidate } from '@paceline/event-sync/core/classes';
import { describe, expect, it } from 'vitest';
import { isUrgent, untilNextUrgent } from './urgent.ts';

const minute = 60_000;
const now = 10_000 * minute;
const goals = { urgent: 15 * minute, near: 60 * minute, far: 24 * 60 * minute };

/** @param lead minutes until its start @param ago minutes since its copy */
const event = (lead: number, ago?: number): Candidate => ({
  eventId: 'a',
  startsAt: now + lead * minute,
  listedSignups: 10,
  signupsListedThen: null,
  signupsFetchedAt: ago === undefined ? null : now - ago * minute,
  hasOurs: false,
});

describe('an event of the first design', () => {
  it('is urgent from 15 min before its start until it starts', () => {
    const urgent = [15.1, 15, 0.1, 0].map((lead) => isUrgent(event(lead), goals, now));
    expect(urgent).toEqual([false, true, true, false]);
  });

  it('is no longer urgent once it has a copy from its last minutes, unless that is older than a stricter goal', () => {
    expect([isUrgent(event(10, 4), goals, now), isUrgent(event(10, 6), goals, now)]).toEqual([false, true]);
    expect(isUrgent(event(10, 4), { ...goals, urgent: 4 * minute }, now)).toBe(true);
  });
});

describe('untilNextUrgent', () => {
  it('ends when the next event enters its last minutes, after a minute at most', () => {
    expect(untilNextUrgent([event(15.25), event(15.5), event(3)], goals, now)).toBe(15_000);
    expect(untilNextUrgent([event(40)], goals, now)).toBe(minute);
    expect(untilNextUrgent([], goals, now)).toBe(minute);
  });
});
