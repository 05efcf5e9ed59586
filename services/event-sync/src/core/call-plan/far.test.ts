import { describe, expect, it } from 'vitest';
import { candidate, copied, planNow as now, planRules } from '../../testing/candidates.ts';
import type { Candidate } from '../classes.ts';
import { farEvents, lastFarCopyAt, takeFar } from './far.ts';

const minute = 60_000;
const hour = 60;
const { goals } = planRules;
const ids = (events: readonly Candidate[]) => farEvents(events, goals, now).map(({ event }) => event.eventId);
const next = (events: readonly Candidate[], anyway = false) =>
  takeFar(farEvents(events, goals, now), goals, now, anyway)?.eventId;

describe('far calls', () => {
  it('are for events that are not yet served better by a near one', () => {
    expect(ids([candidate('near soon', 2 * hour - 1), candidate('far', 2 * hour)])).toEqual(['far']);
  });

  it('are for the event first that needs a copy first, then for ours, then for the earliest start', () => {
    expect(
      ids([
        candidate('not needed', 20 * hour, copied(hour)),
        candidate('missing, later', 48 * hour),
        candidate('old', 30 * hour, copied(23 * hour)),
        candidate('missing', 20 * hour),
        candidate('ours, to come', 53 * hour, { hasOurs: true }),
        candidate('to come', 53 * hour),
      ]),
    ).toEqual(['missing', 'missing, later', 'old', 'ours, to come', 'to come', 'not needed']);
  });

  it('are made first for the event that gains most fresh time', () => {
    expect(next([candidate('short', 10 * hour), candidate('whole day', 40 * hour)])).toBe('whole day');
    expect(next([candidate('old', 40 * hour, copied(20 * hour)), candidate('missing', 30 * hour)])).toBe(
      'missing',
    );
  });

  it('make first copies up to six hours before they are needed, not earlier', () => {
    expect(next([candidate('soon listed', 54 * hour)])).toBe('soon listed');
    expect(next([candidate('later', 54 * hour + 1)])).toBeUndefined();
    expect(next([candidate('fresh', 40 * hour, copied(18 * hour))])).toBe('fresh');
    expect(next([candidate('fresh', 40 * hour, copied(18 * hour - 1))])).toBeUndefined();
  });

  it('are made earlier still when one has to be made', () => {
    expect(next([candidate('fresh', 40 * hour, copied(hour))], true)).toBe('fresh');
    expect(next([], true)).toBeUndefined();
  });

  it('take each event once', () => {
    const far = farEvents([candidate('a', 20 * hour), candidate('b', 30 * hour)], goals, now);
    const taken = [1, 2, 3].map(() => takeFar(far, goals, now, true)?.eventId);
    expect(taken).toEqual(['b', 'a', undefined]);
  });
});

describe('the last far call', () => {
  it('is the last one that was made for later, not for the near class', () => {
    const far = candidate('far', 20 * hour, copied(30));
    const near = candidate('near', hour, copied(10));
    expect(lastFarCopyAt([far, near], goals)).toBe(now - 30 * minute);
    expect(lastFarCopyAt([near, candidate('none', 20 * hour)], goals)).toBeUndefined();
  });
});
