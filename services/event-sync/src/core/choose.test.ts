import { assert, boolean, integer, nat, option, property, record, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankByValue, chooseInSlot } from './choose.ts';
import type { Candidate } from './classes.ts';

const minute = 60_000;
const hour = 60 * minute;
const now = 10_000 * hour;
const goals = { urgent: 15 * minute, near: hour, far: 24 * hour };
const run = { startedAt: now - 5 * minute, failed: new Set<string>() };

/** An event that starts in an hour, with a copy from two hours ago and an unchanged number of signups. */
const event = (eventId: string, more: Partial<Candidate> = {}): Candidate => ({
  eventId,
  startsAt: now + hour,
  listedSignups: 10,
  signupsListedThen: 10,
  signupsFetchedAt: now - 2 * hour,
  hasOurs: false,
  ...more,
});
const never = { signupsFetchedAt: null, signupsListedThen: null };
const startsIn = (ms: number, more: Partial<Candidate> = {}) => ({ startsAt: now + ms, ...more });
const copied = (ms: number, more: Partial<Candidate> = {}) => ({ signupsFetchedAt: now - ms, ...more });

const order = (...events: Candidate[]) => rankByValue(events, goals, now).map((each) => each.event.eventId);
const valueOf = (more: Partial<Candidate>) => rankByValue([event('it', more)], goals, now)[0]?.value ?? 0;
/** The events that a run fetches, in order, if each call succeeds immediately. */
function fetchedBy(events: readonly Candidate[], by = run): string[] {
  const fetched: string[] = [];
  let known = events;
  const best = () => chooseInSlot('near', known, by, goals, now).best;
  for (let next = best(); next; next = best()) {
    const { eventId } = next;
    fetched.push(eventId);
    known = known.map((each) => (each.eventId === eventId ? { ...each, signupsFetchedAt: now } : each));
  }
  return fetched;
}

describe('the value of a call', () => {
  it('is the share of the near phase that it keeps fresh', () => {
    expect(valueOf(startsIn(hour))).toBeCloseTo(1);
    expect(valueOf(startsIn(30 * minute))).toBeCloseTo(15 / 45);
    expect(valueOf(startsIn(16 * minute))).toBeCloseTo(1 / 45);
  });

  it('is zero when the copy stays fresh anyway', () => {
    expect(valueOf(startsIn(30 * minute, copied(45 * minute)))).toBeCloseTo(0);
    expect(valueOf(startsIn(30 * minute, copied(50 * minute)))).toBeCloseTo(5 / 45);
  });

  it('is still 1 a quarter of an hour before the near phase, and falls with more lead time', () => {
    expect(valueOf(startsIn(75 * minute))).toBeCloseTo(1);
    expect(valueOf(startsIn(105 * minute))).toBeLessThan(0.5);
  });

  it('is the share of the time until the near phase for a far event, and grows with the age of the copy', () => {
    expect(valueOf(startsIn(40 * hour, copied(3.9 * hour)))).toBeCloseTo(0.1);
    expect(valueOf(startsIn(40 * hour, copied(23 * hour)))).toBeCloseTo(23 / 39);
    expect(valueOf(startsIn(40 * hour, copied(30 * hour)))).toBeCloseTo(24 / 39);
  });

  it('is higher when the number of signups in the list has changed', () => {
    const far = startsIn(40 * hour, copied(4 * hour));
    expect(valueOf({ ...far, listedSignups: 11 })).toBeGreaterThan(valueOf(far));
  });

  it('is three times as high for an event with our riders or without a copy', () => {
    expect(valueOf({ hasOurs: true })).toBeCloseTo(3);
    expect(valueOf(never)).toBeCloseTo(3);
  });
});

describe('the order of calls', () => {
  it('puts urgent events first: ours, then by start', () => {
    const soon = (ms: number, more: Partial<Candidate> = {}) => startsIn(ms, copied(20 * minute, more));
    expect(
      order(
        event('never', never),
        event('in 9 minutes', soon(9 * minute)),
        event('in 8 minutes', soon(8 * minute)),
        event('ours, in 12 minutes', soon(12 * minute, { hasOurs: true })),
        event('seen in its last minutes', startsIn(8 * minute, copied(6 * minute))),
      ),
    ).toEqual(['ours, in 12 minutes', 'in 8 minutes', 'in 9 minutes', 'never', 'seen in its last minutes']);
  });

  it('has a reason for each event', () => {
    const because = (more: Partial<Candidate>) => rankByValue([event('it', more)], goals, now)[0]?.because;
    expect([
      because(startsIn(minute)),
      because(never),
      because({}),
      because(startsIn(65 * minute)),
      because(startsIn(40 * hour, { listedSignups: 11 })),
      because(startsIn(40 * hour)),
    ]).toEqual([
      'about_to_start',
      'never_fetched',
      'older_than_goal',
      'soon_older_than_goal',
      'signups_changed',
      'oldest_copy',
    ]);
  });

  const candidates = uniqueArray(
    record({
      eventId: integer({ min: 1, max: 500 }).map(String),
      startsAt: integer({ min: 1, max: 2_880 }).map((lead) => now + lead * minute),
      listedSignups: nat(5),
      signupsListedThen: option(nat(5)),
      signupsFetchedAt: option(integer({ min: 1, max: 2_000 }).map((age) => now - age * minute)),
      hasOurs: boolean(),
    }),
    { selector: ({ eventId }) => eventId },
  );

  it('does not depend on the order of the input', () => {
    assert(
      property(candidates, (events) => {
        expect(rankByValue(events.toReversed(), goals, now)).toEqual(rankByValue(events, goals, now));
      }),
    );
  });

  it('ends when no call has a value of 0.1 or more, and has no event twice', () => {
    assert(
      property(candidates, (events) => {
        const fetched = fetchedBy(events);
        expect(new Set(fetched).size).toBe(fetched.length);
        const due = rankByValue(events, goals, now).filter(({ value }) => value >= 0.1);
        const before = ({ signupsFetchedAt: at }: Candidate) => at === null || at < run.startedAt;
        expect(new Set(fetched)).toEqual(
          new Set(due.filter(({ event: each }) => before(each)).map(({ event: { eventId } }) => eventId)),
        );
      }),
    );
  });
});

describe('a run', () => {
  it('skips events that it has fetched or failed to fetch', () => {
    const failed = { ...run, failed: new Set(['failed']) };
    const events = [
      event('fetched', copied(4 * minute, startsIn(30 * hour, { listedSignups: 99 }))),
      event('failed', never),
      event('left'),
    ];
    expect(fetchedBy(events, failed)).toEqual(['left']);
  });

  it('does not refresh a copy that is far from its goal', () => {
    expect(
      fetchedBy([
        event('young', startsIn(40 * hour, copied(3 * hour))),
        event('older', startsIn(40 * hour, copied(5 * hour))),
      ]),
    ).toEqual(['older']);
  });
});

describe('a slot', () => {
  const near = event('near', startsIn(35 * minute));
  const far = event('far', startsIn(40 * hour, copied(30 * hour)));
  const bestIn = (kind: 'near' | 'far', ...events: Candidate[]) => {
    const { best, left } = chooseInSlot(kind, events, run, goals, now);
    return [best?.eventId, best?.lane, best?.isOwn, left];
  };

  it('fetches its own kind first', () => {
    expect(bestIn('near', near, far)).toEqual(['near', 'near_event_normal', true, 1]);
    expect(bestIn('far', near, far)).toEqual(['far', 'far_event_sync', true, 1]);
  });

  it('fetches the other kind when its own has little value left', () => {
    const others = event('ours and late', { hasOurs: true });
    expect(bestIn('far', others, far)).toEqual(['ours and late', 'near_event_normal', false, 1]);
    expect(bestIn('near', far)).toEqual(['far', 'far_event_sync', false, 0]);
    expect(bestIn('near')).toEqual([undefined, undefined, undefined, 0]);
  });
});
