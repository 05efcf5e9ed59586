import { assert, constant, integer, nat, option, property, record, uniqueArray, boolean } from 'fast-check';
import { callReasons } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';
import { type Candidate, type Choice, inOrderOfWorth, worthCalling } from './choose.ts';

const minute = 60_000;
const now = 10_000 * minute;
const goals = { urgent: 15 * minute, near: 60 * minute, far: 24 * 60 * minute };
const run = { startedAt: now - 5 * minute, failed: new Set<string>() };

/** An event in half an hour, with a copy of half an hour ago that shows what the list shows. */
const event = (eventId: string, more: Partial<Candidate> = {}): Candidate => ({
  eventId,
  startsAt: now + 30 * minute,
  listedSignups: 10,
  signupsListedThen: 10,
  signupsFetchedAt: now - 30 * minute,
  hasOurs: false,
  ...more,
});
const never = { signupsFetchedAt: null, signupsListedThen: null };
const idsOf = (choices: readonly Choice[]) => choices.map(({ event: { eventId } }) => eventId);
const order = (...events: Candidate[]) => idsOf(worthCalling(events, run, goals, now));

describe('what is worth a call', () => {
  it('first is an event without a copy, the sooner it starts the earlier', () => {
    expect(
      order(
        event('old', { signupsFetchedAt: now - 50 * minute }),
        event('changed', { listedSignups: 99 }),
        event('later', { ...never, startsAt: now + 50 * minute }),
        event('sooner', { ...never, startsAt: now + 20 * minute }),
      ),
    ).toEqual(['sooner', 'later', 'changed', 'old']);
  });

  it('is an event that is about to start, once in its last minutes', () => {
    const soon = now + 8 * minute;
    expect(
      order(
        event('new', never),
        event('seen in its last minutes', { startsAt: soon, signupsFetchedAt: now - 6 * minute }),
        event('not seen since', { startsAt: soon, signupsFetchedAt: now - 8 * minute }),
      ),
    ).toEqual(['not seen since', 'new', 'seen in its last minutes']);
  });

  it('then is one whose copy is older than the goal of its class, ours first, then by how many times', () => {
    expect(
      order(
        event('changed', { listedSignups: 99 }),
        event('near, 2 goals', { signupsFetchedAt: now - 120 * minute }),
        event('far, 3 goals', { startsAt: now + 90 * minute, signupsFetchedAt: now - 72 * 60 * minute }),
        event('near, 1 goal, with one of ours', { signupsFetchedAt: now - 60 * minute, hasOurs: true }),
      ),
    ).toEqual(['near, 1 goal, with one of ours', 'far, 3 goals', 'near, 2 goals', 'changed']);
  });

  it('says why', () => {
    const choices = inOrderOfWorth(
      [
        event('soon', { startsAt: now + minute }),
        event('never', never),
        event('old', { signupsFetchedAt: 0 }),
        event('changed', { listedSignups: 11 }),
        event('same'),
      ],
      goals,
      now,
    );
    expect(choices.map(({ because }) => because)).toEqual([...callReasons]);
  });

  it('then is one whose count in the list has changed, ours first', () => {
    expect(
      order(
        event('same', { signupsFetchedAt: now - 50 * minute }),
        event('less', { listedSignups: 9, startsAt: now + 50 * minute }),
        event('more', { listedSignups: 11 }),
        event('more, with one of ours', { listedSignups: 11, hasOurs: true, startsAt: now + 55 * minute }),
      ),
    ).toEqual(['more, with one of ours', 'more', 'less', 'same']);
  });

  it('then is the one with the oldest copy; one of ours makes it older', () => {
    expect(
      order(
        event('20 minutes', { signupsFetchedAt: now - 20 * minute }),
        event('50 minutes', { signupsFetchedAt: now - 50 * minute }),
        event('20 minutes, with one of ours', { signupsFetchedAt: now - 20 * minute, hasOurs: true }),
      ),
    ).toEqual(['20 minutes, with one of ours', '50 minutes', '20 minutes']);
  });

  it('is no copy that is young for its goal while the list shows the same', () => {
    const young = now - 14 * minute;
    const before = { ...run, startedAt: now };
    const events = [
      event('young', { signupsFetchedAt: young }),
      event('young, but changed', { signupsFetchedAt: young, listedSignups: 11 }),
      event('not so young', { signupsFetchedAt: young - minute }),
      event('far, so still young', { startsAt: now + 90 * minute, signupsFetchedAt: now - 300 * minute }),
    ];
    expect(idsOf(worthCalling(events, before, goals, now))).toEqual(['young, but changed', 'not so young']);
  });

  it('is nothing that this run has fetched already, or failed to', () => {
    const failed = { ...run, failed: new Set(['failed']) };
    const events = [
      event('fetched', { signupsFetchedAt: run.startedAt, listedSignups: 99 }),
      event('failed', never),
      event('left'),
    ];
    expect(idsOf(worthCalling(events, failed, goals, now))).toEqual(['left']);
  });

  const candidates = uniqueArray(
    record({
      eventId: integer({ min: 1, max: 500 }).map(String),
      startsAt: integer({ min: 1, max: 3_000 }).map((lead) => now + lead * minute),
      listedSignups: nat(5),
      signupsListedThen: option(nat(5)),
      signupsFetchedAt: option(integer({ min: 0, max: now - 1 })),
      hasOurs: boolean(),
    }),
    { selector: ({ eventId }) => eventId },
  );

  it('comes in one order, whatever the order it was found in', () => {
    assert(
      property(candidates, constant(run), (events, current) => {
        expect(worthCalling(events.toReversed(), current, goals, now)).toEqual(
          worthCalling(events, current, goals, now),
        );
      }),
    );
  });

  it('is every event once when each call makes a new copy: none is left out that could say something new, none comes twice', () => {
    assert(
      property(candidates, (events) => {
        const fetched: string[] = [];
        let known = events;
        const best = () => worthCalling(known, run, goals, now)[0]?.event;
        for (let next = best(); next; next = best()) {
          const { eventId } = next;
          fetched.push(eventId);
          known = known.map((each) => (each.eventId === eventId ? { ...each, signupsFetchedAt: now } : each));
        }
        expect(new Set(fetched).size).toBe(fetched.length);
        const left = events.filter(({ eventId }) => !fetched.includes(eventId));
        for (const { signupsFetchedAt: at, listedSignups, signupsListedThen } of left) {
          const isOfRun = at !== null && at >= run.startedAt;
          const isAsGoodAsNew =
            at !== null && at > now - goals.far / 4 && listedSignups === signupsListedThen;
          expect(isOfRun || isAsGoodAsNew).toBe(true);
        }
      }),
    );
  });
});
