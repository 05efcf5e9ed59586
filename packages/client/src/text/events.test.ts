import { describe, expect, it } from 'vitest';
import type { Event, Result } from '../generated.ts';
import { at, now } from '../testing/examples.ts';
import { eventFacts, placeText, raceTime, refreshText, signed, signupsText } from '../text.ts';

describe('the refresh of an event', () => {
  const near = { class: 'near', goalSeconds: 3_600, withinGoal: true, nextRefreshAt: at(12.5) } as const;
  const event = { startsAt: at(40), delistedAt: null, signupsFetchedAt: at(-12), freshness: near };
  const text = (given: Partial<Pick<Event, keyof typeof event>>) => refreshText({ ...event, ...given }, now);

  it('says how old the copy is, how old it may be, and which sync fetches it next', () => {
    expect(text({})).toBe(
      'Signups fetched 12 min ago, goal: at most 60 min old. Next near sync: 18:42:30 (in 12:30).',
    );
    expect(text({ startsAt: at(120), freshness: { ...near, class: 'far', goalSeconds: 86_400 } })).toContain(
      'goal: at most 24 h old. Next far sync: 18:42:30',
    );
  });

  it('names a missed goal, and an event that waits for no slot', () => {
    const urgent = { class: 'urgent', goalSeconds: 900, withinGoal: false, nextRefreshAt: at(-3) } as const;
    expect(text({ startsAt: at(12), signupsFetchedAt: null, freshness: urgent })).toBe(
      'Signups not fetched yet, goal: at most 15 min old (not met). They are fetched now, before all other calls, because it is about to start.',
    );
  });

  it('names no slot for a refresh just before the start, which waits for none', () => {
    expect(text({ startsAt: at(27.5) })).toContain('Next refresh: 18:42:30 (in 12:30).');
  });

  it('says why none is planned', () => {
    expect(text({ freshness: { ...near, nextRefreshAt: null } })).toContain(
      'Next refresh unknown or not planned.',
    );
    const fetched = { class: 'urgent', goalSeconds: 900, withinGoal: true, nextRefreshAt: null } as const;
    expect(text({ startsAt: at(4), freshness: fetched })).toContain('They are fresh enough for the start.');
    expect(text({ startsAt: at(-1) })).toContain('Events that have started are no longer fetched.');
    expect(text({ delistedAt: at(-1) })).toContain('ZwiftRacing no longer lists the event');
    const later = { class: null, goalSeconds: null, withinGoal: null, nextRefreshAt: null };
    expect(text({ startsAt: at(4_000), freshness: later })).toContain('from two days before the start');
  });
});

it('the signups of an event are those that are still current, with the changes of a day', () => {
  const lastDay = { joined: 0, withdrawn: 0 };
  expect(signupsText({ signups: { listed: 9, current: null, withdrawn: null, lastDay } })).toBe('9 signups');
  expect(
    signupsText({ signups: { listed: 9, current: 1, withdrawn: 3, lastDay: { joined: 1, withdrawn: 2 } } }),
  ).toBe('1 signup, 3 withdrawn; last 24 hours: 1 joined, 2 withdrew');
});

describe('a result', () => {
  it('has a place only for riders who finished and were not removed', () => {
    const result = (given: Partial<Result>) =>
      ({ finished: true, positionInPen: null, removed: false, ...given }) as Result;
    expect(placeText(result({ positionInPen: 3 }))).toBe('3');
    expect(placeText(result({}))).toBe('–');
    expect(placeText(result({ finished: false }))).toBe('DNF');
    expect(placeText(result({ positionInPen: 3, removed: true }))).toBe('removed');
  });

  it('has its time with tenths', () => {
    expect(raceTime(1_506.486)).toBe('25:06.5');
    expect(raceTime(59.96)).toBe('1:00.0');
    expect(raceTime(3_726.4)).toBe('1:02:06.4');
  });

  it('has a change of rating with its sign', () => {
    expect([26.69, -12.31, 0.01].map((value) => signed(value))).toEqual(['+26.7', '−12.3', '0.0']);
    expect([26.69, -0.2].map((value) => signed(value, 0))).toEqual(['+27', '0']);
  });
});

it('facts about an event leave out what is unknown', () => {
  expect(eventFacts({ type: 'Race', subType: 'Scratch', distance: 21_784 })).toBe('Race · Scratch · 21.8 km');
  expect(eventFacts({ type: 'Race', subType: '', distance: 19.58 })).toBe('Race · 19.6 km');
  expect(eventFacts({ type: null, subType: null, distance: null })).toBe('');
});
