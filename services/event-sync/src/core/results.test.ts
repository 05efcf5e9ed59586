import { assert, constantFrom, integer, option, property, record, boolean, uniqueArray } from 'fast-check';
import { resultsStates } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';
import {
  type EndedEvent,
  pauseAfterTry,
  resultsHorizon,
  stateOf,
  scopeOfFailure,
  dueResults,
} from './results.ts';

const minute = 60_000;
const hour = 60 * minute;
const now = 10_000 * hour;
const none: ReadonlySet<string> = new Set();

/** A race that started three hours ago, whose results were never fetched. */
const event = (eventId: string, more: Partial<EndedEvent> = {}): EndedEvent => ({
  eventId,
  startsAt: now - 3 * hour,
  type: 'Race',
  resultsState: null,
  resultsTriedAt: null,
  hasOurs: false,
  ...more,
});
const tried = (resultsState: EndedEvent['resultsState'], ago = 2 * hour) => ({
  resultsState,
  resultsTriedAt: now - ago,
});
const due = (...events: EndedEvent[]) =>
  dueResults(events, none, now).map(({ event: { eventId }, because }) => [eventId, because]);

describe('dueResults', () => {
  it('orders by ours, races, reason (never fetched, missing, unrated) and latest start', () => {
    expect(
      due(
        event('unrated', tried('unrated')),
        event('ride', { type: 'Group Ride' }),
        event('missing', tried('none_yet')),
        event('unknown type', { type: null, startsAt: now - 5 * hour }),
        event('never'),
        event('ours, unrated', { ...tried('unrated'), hasOurs: true }),
      ),
    ).toEqual([
      ['ours, unrated', 'not_rated'],
      ['never', 'never_fetched'],
      ['unknown type', 'never_fetched'],
      ['missing', 'no_results_yet'],
      ['unrated', 'not_rated'],
      ['ride', 'never_fetched'],
    ]);
  });

  it('includes events from 1 h to 72 h after their start', () => {
    expect(
      due(
        event('riding', { startsAt: now - hour + 1 }),
        event('just over', { startsAt: now - hour }),
        event('three days ago', { startsAt: now - 72 * hour }),
        event('a bit later', { startsAt: now - 72 * hour + 1 }),
        event('to come', { startsAt: now + hour }),
      ).map(([id]) => id),
    ).toEqual(['just over', 'a bit later']);
  });

  it('skips final results: rated, given up, or of a ride, which is never rated', () => {
    expect(
      due(
        event('rated', tried('rated')),
        event('given up', tried('given_up')),
        event('ride', { ...tried('unrated'), type: 'Group Workout' }),
      ),
    ).toEqual([]);
  });

  it('skips events that this run failed to fetch', () => {
    expect(dueResults([event('a'), event('b')], new Set(['a']), now).map((each) => each.event)).toEqual([
      event('b'),
    ]);
  });

  it('waits longer between tries as the event gets older', () => {
    const first = { startsAt: now - 70 * minute };
    expect(due(event('a', { ...first, ...tried('none_yet', 10 * minute - 1) }))).toEqual([]);
    expect(due(event('a', { ...first, ...tried('none_yet', 20 * minute) }))).toHaveLength(1);
    expect(pauseAfterTry(0, 30 * hour)).toBe(10 * hour);
    expect(pauseAfterTry(0, 71 * hour)).toBe(12 * hour);
  });

  it('costs fewer than 20 calls for an event that never has results', () => {
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

  it('does not depend on the order of the input', () => {
    assert(
      property(events, (all) => {
        expect(dueResults(all.toReversed(), none, now)).toEqual(dueResults(all, none, now));
      }),
    );
  });

  it('returns each due event exactly once when none has results', () => {
    assert(
      property(events, (all) => {
        const fetched: string[] = [];
        let known = all;
        const best = () => dueResults(known, none, now)[0]?.event.eventId;
        for (let next = best(); next; next = best()) {
          const id = next;
          fetched.push(id);
          known = known.map((each) => (each.eventId === id ? { ...each, ...tried('none_yet', 0) } : each));
        }
        expect(fetched.toSorted()).toEqual(
          dueResults(all, none, now)
            .map((each) => each.event.eventId)
            .toSorted(),
        );
        const { after, until } = resultsHorizon(now);
        const starts = all.filter(({ eventId }) => fetched.includes(eventId)).map(({ startsAt }) => startsAt);
        expect(starts.every((start) => start > after && start <= until)).toBe(true);
      }),
    );
  });
});

describe('stateOf', () => {
  it.each([
    ['none_yet', [], 0],
    ['unrated', [{ rating: 1500, ratingBefore: 1500, ratingDelta: null }], 0],
    ['unrated', [], 3],
    ['rated', [{ ratingDelta: null }, { ratingDelta: 0 }], 0],
  ] as const)('is %s for %j with %d unreadable', (state, results, unreadable) => {
    expect(stateOf(results, unreadable)).toBe(state);
  });
});

describe('scopeOfFailure', () => {
  it.each([
    ['none yet', { code: 'not_found' }],
    ['all events', { code: 'web_page' }],
    ['this event', { code: 'unreadable' }],
    ['this event', { code: 'unexpected' }],
    ['this event', { code: 'rejected' }],
    ['all events', { code: 'unavailable' }],
  ] as const)('is "%s" for %j', (scope, error) => {
    expect(scopeOfFailure(error)).toBe(scope);
  });
});
