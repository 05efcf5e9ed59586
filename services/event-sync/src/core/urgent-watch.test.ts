import { freshnessClasses } from '@paceline/shared/definition';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate } from './classes.ts';
import { maxConsecutiveFailures, noFailures } from './event-run.ts';
import { untilNextUrgent, urgentOf } from './urgent.ts';
import { initialWatch, decide, type WatchState } from './urgent-watch.ts';

const minute = 60_000;
const now = 10_000 * minute;
const none = new Set<string>();
const goals = { urgent: 15 * minute, near: 60 * minute, far: 24 * 60 * minute };

/** An event without a copy. @param lead minutes until its start */
const event = (eventId: string, lead: number, more: Partial<Candidate> = {}): Candidate => ({
  eventId,
  startsAt: now + lead * minute,
  listedSignups: 10,
  signupsListedThen: null,
  signupsFetchedAt: null,
  hasOurs: false,
  ...more,
});
const ids = (events: readonly Candidate[]) =>
  urgentOf(events, none, goals, now).map(({ eventId }) => eventId);

describe('an event', () => {
  it('is urgent from 15 min before its start until it starts', () => {
    expect(
      ids([event('later', 15.1), event('soon', 15), event('imminent', 0.1), event('started', 0)]),
    ).toEqual(['imminent', 'soon']);
  });

  it('is no longer urgent once it has a copy from its last minutes', () => {
    const seen = (before: number) => ({ signupsFetchedAt: now - before * minute });
    expect(ids([event('seen in time', 10, seen(4)), event('seen too early', 10, seen(6))])).toEqual([
      'seen too early',
    ]);
  });

  it('is urgent again when a copy from its last minutes is older than a stricter goal', () => {
    const strict = { ...goals, urgent: 4 * minute };
    const seen = event('seen', 10, { signupsFetchedAt: now - 4 * minute });
    expect(urgentOf([seen], none, goals, now)).toEqual([]);
    expect(urgentOf([seen], none, strict, now)).toEqual([seen]);
    expect(untilNextUrgent([seen], strict, now - 30_000)).toBe(30_000);
  });

  it('with our riders goes first, then the one that starts first', () => {
    expect(
      ids([event('b', 9), event('a', 8), event('ours, later', 12, { hasOurs: true }), event('c', 9)]),
    ).toEqual(['ours, later', 'a', 'b', 'c']);
  });

  it('that failed is not fetched again', () => {
    expect(urgentOf([event('failed', 5)], new Set(['failed']), goals, now)).toEqual([]);
  });
});

describe('untilNextUrgent', () => {
  it('ends when the next event enters its last minutes, after a minute at most', () => {
    expect(untilNextUrgent([event('a', 15.25), event('b', 15.5), event('c', 3)], goals, now)).toBe(15_000);
    expect(untilNextUrgent([event('a', 40)], goals, now)).toBe(minute);
    expect(untilNextUrgent([], goals, now)).toBe(minute);
  });
});

describe('one call per minute', () => {
  const race = fc.record({ startsAt: fc.integer({ min: 1, max: 90 }), hasOurs: fc.boolean() });

  it('is enough for every event with our riders if any order of calls is, and fetches no started event', () => {
    fc.assert(
      fc.property(fc.array(race, { maxLength: 60 }), (races) => {
        const lastMinutes = freshnessClasses.urgent.fromMs / minute;
        const seen = new Map<string, number>();
        for (let at = now; at < now + 90 * minute; at += minute) {
          const known = races.map(({ startsAt, hasOurs }, index) =>
            event(String(index), startsAt, { hasOurs, signupsFetchedAt: seen.get(String(index)) ?? null }),
          );
          const [first] = urgentOf(known, none, goals, at);
          if (!first) continue;
          expect(first.startsAt).toBeGreaterThan(at);
          seen.set(first.eventId, at);
        }
        const ours = races.flatMap(({ startsAt, hasOurs }, index) =>
          hasOurs ? [{ id: String(index), from: Math.max(0, startsAt - lastMinutes), until: startsAt }] : [],
        );
        // Hall's condition: no interval needs more calls than it has minutes.
        const feasible = ours.every(({ from }) =>
          ours.every(
            ({ until }) =>
              ours.filter((each) => each.from >= from && each.until <= until).length <=
                Math.max(0, until - from) || until <= from,
          ),
        );
        fc.pre(feasible);
        expect(ours.filter(({ id }) => !seen.has(id))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the watch', () => {
  const found = (...urgent: Candidate[]) => ({ event: 'found', urgent, pause: 5_000 }) as const;
  const calling = (eventId: string, state: WatchState = initialWatch) =>
    decide(decide(state, found(event(eventId, 5))), found(event(eventId, 5)));
  const failed = (eventId: string, code: 'not_found' | 'rate_limited' | 'timed_out', state?: WatchState) =>
    decide(calling(eventId, state), { event: 'failed', code });

  it('waits in the urgent lane until the last urgent event starts, and fetches the most urgent by then', () => {
    const waiting = decide(initialWatch, found(event('a', 5), event('b', 9)));
    expect(waiting).toMatchObject({
      phase: 'waiting',
      lane: 'near_event_urgent',
      deadline: now + 9 * minute,
    });
    expect(decide(waiting, found(event('b', 9)))).toMatchObject({ phase: 'calling', eventId: 'b' });
  });

  it('pauses while nothing is urgent, then searches again', () => {
    const pausing = decide(initialWatch, found());
    expect(pausing).toMatchObject({ phase: 'pausing', ms: 5_000 });
    expect(decide(pausing, { event: 'woke' }).phase).toBe('searching');
  });

  it('returns the permit when nothing is urgent any more, and searches again', () => {
    expect(decide(decide(initialWatch, found(event('a', 5))), found()).phase).toBe('searching');
  });

  it.each(['refused', 'error'] as const)('tries again in a minute after event %s', (name) => {
    const waiting = decide(initialWatch, found(event('a', 5)));
    expect(decide(waiting, { event: name })).toEqual({ phase: 'pausing', ms: minute, failures: noFailures });
  });

  it('continues with the others when one could not be fetched', () => {
    const { phase, failures } = failed('e1', 'not_found');
    expect([phase, failures.failed]).toEqual(['pausing', new Set(['e1'])]);
    expect(failed('e1', 'not_found')).toMatchObject({ ms: 0 });
  });

  it('pauses after a 429 without counting a failure', () => {
    expect(failed('e1', 'rate_limited')).toEqual({ phase: 'pausing', ms: minute, failures: noFailures });
  });

  it('pauses for 15 min after several failures in a row, then tries all events again', () => {
    const fail = (state: WatchState, nth: number) =>
      failed(`e${nth}`, 'timed_out', decide(state, { event: 'woke' }));
    const nearly = Array.from({ length: maxConsecutiveFailures - 1 }, (_, nth) => nth).reduce(
      fail,
      initialWatch,
    );
    expect(nearly).toMatchObject({ ms: 0, failures: { consecutive: maxConsecutiveFailures - 1 } });
    expect(fail(nearly, maxConsecutiveFailures)).toEqual({
      phase: 'pausing',
      ms: 900_000,
      failures: noFailures,
    });
    const answered = decide(calling('other', decide(nearly, { event: 'woke' })), { event: 'answered' });
    expect(answered.failures.consecutive).toBe(0);
  });
});
