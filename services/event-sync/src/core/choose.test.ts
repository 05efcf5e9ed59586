import { assert, boolean, integer, nat, option, property, record, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inOrderOfWorth, worthInSlot } from './choose.ts';
import type { Candidate } from './classes.ts';

const minute = 60_000;
const hour = 60 * minute;
const now = 10_000 * hour;
const goals = { urgent: 15 * minute, near: hour, far: 24 * hour };
const run = { startedAt: now - 5 * minute, failed: new Set<string>() };

/** An event that has just come within the hour, with a copy of two hours ago that shows what the list shows. */
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

const order = (...events: Candidate[]) =>
  inOrderOfWorth(events, goals, now).map((each) => each.event.eventId);
const worthOf = (more: Partial<Candidate>) => inOrderOfWorth([event('it', more)], goals, now)[0]?.worth ?? 0;
/** The events that a run calls for, in order, when each call makes a new copy at once. */
function called(events: readonly Candidate[], by = run): string[] {
  const fetched: string[] = [];
  let known = events;
  const best = () => worthInSlot('near', known, by, goals, now).best;
  for (let next = best(); next; next = best()) {
    const { eventId } = next;
    fetched.push(eventId);
    known = known.map((each) => (each.eventId === eventId ? { ...each, signupsFetchedAt: now } : each));
  }
  return fetched;
}

describe('what a call for an event is worth', () => {
  it('is the share of its time within the hour, until its last minutes, that the call buys', () => {
    expect(worthOf(startsIn(hour))).toBeCloseTo(1);
    expect(worthOf(startsIn(30 * minute))).toBeCloseTo(15 / 45);
    expect(worthOf(startsIn(16 * minute))).toBeCloseTo(1 / 45);
  });

  it('is nothing when our copy is within its goal anyway until then', () => {
    expect(worthOf(startsIn(30 * minute, copied(45 * minute)))).toBeCloseTo(0);
    expect(worthOf(startsIn(30 * minute, copied(50 * minute)))).toBeCloseTo(5 / 45);
  });

  it('is as much a quarter of an hour before it comes within the hour: that copy will do, and others come then', () => {
    expect(worthOf(startsIn(75 * minute))).toBeCloseTo(1);
    expect(worthOf(startsIn(105 * minute))).toBeLessThan(0.5);
  });

  it('is the share of its time until that hour, for a far event: it grows with the age of our copy', () => {
    expect(worthOf(startsIn(40 * hour, copied(3.9 * hour)))).toBeCloseTo(0.1);
    expect(worthOf(startsIn(40 * hour, copied(23 * hour)))).toBeCloseTo(23 / 39);
    expect(worthOf(startsIn(40 * hour, copied(30 * hour)))).toBeCloseTo(24 / 39);
  });

  it('is more when the list shows another number than then', () => {
    const far = startsIn(40 * hour, copied(4 * hour));
    expect(worthOf({ ...far, listedSignups: 11 })).toBeGreaterThan(worthOf(far));
  });

  it('is three times as much with our riders in it, or when nobody knows', () => {
    expect(worthOf({ hasOurs: true })).toBeCloseTo(3);
    expect(worthOf(never)).toBeCloseTo(3);
  });
});

describe('the order of calls', () => {
  it('begins with events that are about to start without a copy from their last minutes, ours first, then by start', () => {
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

  it('says why for each', () => {
    const because = (more: Partial<Candidate>) => inOrderOfWorth([event('it', more)], goals, now)[0]?.because;
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

  it('is the same whatever the order in which the events were found', () => {
    assert(
      property(candidates, (events) => {
        expect(inOrderOfWorth(events.toReversed(), goals, now)).toEqual(inOrderOfWorth(events, goals, now));
      }),
    );
  });

  it('goes on until no call would buy a tenth, and asks for no event twice', () => {
    assert(
      property(candidates, (events) => {
        const fetched = called(events);
        expect(new Set(fetched).size).toBe(fetched.length);
        const due = inOrderOfWorth(events, goals, now).filter(({ worth }) => worth >= 0.1);
        const before = ({ signupsFetchedAt: at }: Candidate) => at === null || at < run.startedAt;
        expect(new Set(fetched)).toEqual(
          new Set(due.filter(({ event: each }) => before(each)).map(({ event: { eventId } }) => eventId)),
        );
      }),
    );
  });
});

describe('a run', () => {
  it('asks for nothing that it has fetched already, or failed to', () => {
    const failed = { ...run, failed: new Set(['failed']) };
    const events = [
      event('fetched', copied(4 * minute, startsIn(30 * hour, { listedSignups: 99 }))),
      event('failed', never),
      event('left'),
    ];
    expect(called(events, failed)).toEqual(['left']);
  });

  it('leaves a copy alone that is young for its goal', () => {
    expect(
      called([
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
    const { best, left } = worthInSlot(kind, events, run, goals, now);
    return [best?.eventId, best?.lane, best?.isOwn, left];
  };

  it('is for its own kind first', () => {
    expect(bestIn('near', near, far)).toEqual(['near', 'near_event_normal', true, 1]);
    expect(bestIn('far', near, far)).toEqual(['far', 'far_event_sync', true, 1]);
  });

  it('gives the calls that its own kind has little use for to the other one', () => {
    const others = event('ours and late', { hasOurs: true });
    expect(bestIn('far', others, far)).toEqual(['ours and late', 'near_event_normal', false, 1]);
    expect(bestIn('near', far)).toEqual(['far', 'far_event_sync', false, 0]);
    expect(bestIn('near')).toEqual([undefined, undefined, undefined, 0]);
  });
});
