import { assert, constantFrom, integer, option, property, record, boolean, uniqueArray } from 'fast-check';
import { resultsStates } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';
import { type Finish, pauseAfterTry, resultsHorizon, stateOf, verdictOn, wantedResults } from './results.ts';

const minute = 60_000;
const hour = 60 * minute;
const now = 10_000 * hour;
const none: ReadonlySet<string> = new Set();

/** A race of three hours ago of which nobody has asked for the results. */
const event = (eventId: string, more: Partial<Finish> = {}): Finish => ({
  eventId,
  startsAt: now - 3 * hour,
  type: 'Race',
  resultsState: null,
  resultsTriedAt: null,
  hasOurs: false,
  ...more,
});
const tried = (resultsState: Finish['resultsState'], ago = 2 * hour) => ({
  resultsState,
  resultsTriedAt: now - ago,
});
const wanted = (...events: Finish[]) =>
  wantedResults(events, none, now).map(({ event: { eventId }, because }) => [eventId, because]);

describe('results that are worth a call', () => {
  it('are those of ours first, then of races; never asked first, then missing, then unrated; the latest first', () => {
    expect(
      wanted(
        event('unrated', tried('unrated')),
        event('ride', { type: 'Group Ride' }),
        event('missing', tried('none_yet')),
        event('of unknown kind', { type: null, startsAt: now - 5 * hour }),
        event('never'),
        event('of ours, unrated', { ...tried('unrated'), hasOurs: true }),
      ),
    ).toEqual([
      ['of ours, unrated', 'not_rated'],
      ['never', 'never_asked'],
      ['of unknown kind', 'never_asked'],
      ['missing', 'not_there'],
      ['unrated', 'not_rated'],
      ['ride', 'never_asked'],
    ]);
  });

  it('are of events that are over by now, and not of those of long ago', () => {
    expect(
      wanted(
        event('riding', { startsAt: now - hour + 1 }),
        event('just over', { startsAt: now - hour }),
        event('three days ago', { startsAt: now - 72 * hour }),
        event('a bit later', { startsAt: now - 72 * hour + 1 }),
        event('to come', { startsAt: now + hour }),
      ).map(([id]) => id),
    ).toEqual(['just over', 'a bit later']);
  });

  it('are not those that can not have changed: rated, given up, or of a ride, which nobody rates', () => {
    expect(
      wanted(
        event('rated', tried('rated')),
        event('given up', tried('given_up')),
        event('ride', { ...tried('unrated'), type: 'Group Workout' }),
      ),
    ).toEqual([]);
  });

  it('are none that this run could not fetch', () => {
    expect(wantedResults([event('a'), event('b')], new Set(['a']), now).map((each) => each.event)).toEqual([
      event('b'),
    ]);
  });

  it('wait after a try, the longer the longer the event is past', () => {
    const first = { startsAt: now - 70 * minute };
    expect(wanted(event('a', { ...first, ...tried('none_yet', 10 * minute - 1) }))).toEqual([]);
    expect(wanted(event('a', { ...first, ...tried('none_yet', 20 * minute) }))).toHaveLength(1);
    expect(pauseAfterTry(0, 30 * hour)).toBe(10 * hour);
    expect(pauseAfterTry(0, 71 * hour)).toBe(12 * hour);
  });

  it('cost few calls where they never come', () => {
    let calls = 0;
    for (let triedAt = hour; triedAt < 72 * hour; triedAt += pauseAfterTry(0, triedAt)) calls += 1;
    expect(calls).toBeLessThan(20);
  });

  const events = uniqueArray(
    record({
      eventId: integer({ min: 1, max: 200 }).map(String),
      startsAt: integer({ min: -100 * 60, max: 60 }).map((minutes) => now + minutes * minute),
      type: constantFrom('Race', 'Group Ride', null),
      resultsState: option(constantFrom(...resultsStates)),
      resultsTriedAt: option(integer({ min: 0, max: 100 * 60 }).map((minutes) => now - minutes * minute)),
      hasOurs: boolean(),
    }),
    { selector: ({ eventId }) => eventId },
  );

  it('come in one order, whatever the order they were found in', () => {
    assert(
      property(events, (all) => {
        expect(wantedResults(all.toReversed(), none, now)).toEqual(wantedResults(all, none, now));
      }),
    );
  });

  it('are each asked for once when nothing comes of it: none is left out, none comes twice', () => {
    assert(
      property(events, (all) => {
        const asked: string[] = [];
        let known = all;
        const best = () => wantedResults(known, none, now)[0]?.event.eventId;
        for (let next = best(); next; next = best()) {
          const id = next;
          asked.push(id);
          known = known.map((each) => (each.eventId === id ? { ...each, ...tried('none_yet', 0) } : each));
        }
        expect(asked.toSorted()).toEqual(
          wantedResults(all, none, now)
            .map((each) => each.event.eventId)
            .toSorted(),
        );
        const { after, until } = resultsHorizon(now);
        const starts = all.filter(({ eventId }) => asked.includes(eventId)).map(({ startsAt }) => startsAt);
        expect(starts.every((start) => start > after && start <= until)).toBe(true);
      }),
    );
  });
});

describe('an answer', () => {
  it.each([
    ['none_yet', [], 0],
    ['unrated', [{ rating: null }], 0],
    ['unrated', [], 3],
    ['rated', [{ rating: null }, { rating: 1500 }], 0],
  ] as const)('is %s', (state, results, unreadable) => {
    expect(stateOf(results, unreadable)).toBe(state);
  });
});

describe('a failed call', () => {
  it.each([
    ['none yet', { code: 'not_found', rawStart: '{"message":"no such event"}' }],
    ['others too', { code: 'not_found', rawStart: '<!DOCTYPE html>' }],
    ['this event', { code: 'unreadable', rawStart: '<!DOCTYPE html>' }],
    ['this event', { code: 'rejected' }],
    ['others too', { code: 'unavailable' }],
  ] as const)('says "%s" by %j', (verdict, error) => {
    expect(verdictOn(error)).toBe(verdict);
  });
});
