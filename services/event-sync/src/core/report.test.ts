import { describe, expect, it } from 'vitest';
import { measure, nextOf, type Titled, type WatchedEvent } from './report.ts';

const minute = 60_000;
const hour = 60 * minute;
const now = 1_000 * hour;
const goals = { urgent: 15 * minute, near: hour, far: 24 * hour };

const event = (eventId: string, lead: number, more: Partial<Titled> = {}): Titled => ({
  eventId,
  title: `Race ${eventId}`,
  startsAt: now + lead,
  listedSignups: 10,
  signupsListedThen: 10,
  signupsFetchedAt: now - 10 * minute,
  hasOurs: false,
  ...more,
});
const watched = (lead: number, more: Partial<WatchedEvent> = {}): WatchedEvent => ({
  startsAt: now + lead,
  listedAt: 0,
  delistedAt: null,
  copiedAt: [],
  hasOurs: false,
  ...more,
});

describe('the freshness that is told', () => {
  it('counts the events of each class, those with our riders, and those within the goal', () => {
    const coming = [
      event('a', 10 * minute),
      event('b', 10 * minute, { hasOurs: true, signupsFetchedAt: null }),
      event('c', 30 * minute, { hasOurs: true }),
      event('d', 30 * hour, { signupsFetchedAt: now - 25 * hour }),
    ];
    const { at, classes } = measure(coming, [], goals, now + 0.4);
    expect(at).toBe(now);
    expect(classes).toMatchObject([
      { class: 'urgent', goalMs: 15 * minute, events: 2, ours: 1, within: 1, oursWithin: 0 },
      { class: 'near', events: 1, ours: 1, within: 1, oursWithin: 1 },
      { class: 'far', events: 1, ours: 0, within: 0, oursWithin: 0 },
    ]);
  });

  it('is measured over the last day, and is nothing where there was nothing to be fresh', () => {
    const started = watched(-hour, { hasOurs: true, copiedAt: [now - hour - 15 * minute] });
    const stale = watched(-2 * hour);
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

describe('what is called for next', () => {
  it('comes in the order of its worth, each with its reason', () => {
    const coming = [
      event('far', 20 * hour),
      event('soon', 5 * minute, { signupsFetchedAt: now - 30 * minute }),
      event('changed', 40 * minute, { listedSignups: 11, hasOurs: true }),
    ];
    expect(nextOf(coming, goals, now)).toMatchObject([
      { eventId: 'soon', title: 'Race soon', class: 'urgent', because: 'about_to_start', withinGoal: false },
      { eventId: 'changed', class: 'near', because: 'signups_changed', ours: true, withinGoal: true },
      { eventId: 'far', class: 'far', because: 'oldest_copy', copiedAt: now - 10 * minute },
    ]);
  });

  it('leaves out what has started', () => {
    expect(nextOf([event('started', 0)], goals, now)).toEqual([]);
  });
});
