import { describe, expect, it } from 'vitest';
import { countsOf, endRun, eventFailed, eventStored, isNotAvailable, resumeRun } from './event-run.ts';

const counts = { planned: 0, synced: 0, failed: 0, deferred: 0, stored: 0 };
const begun = resumeRun({ startedAt: 5, counts });

describe('a run over events', () => {
  it('counts what is planned as what is done and what is left', () => {
    const run = eventFailed(eventStored(begun, 30), 'signups', 'e1', 'not_found', 'gone');
    expect(countsOf(run, 7)).toEqual({ planned: 9, synced: 1, failed: 1, deferred: 0, stored: 30 });
    expect(endRun(run, 7)).toEqual({
      state: 'done',
      error: 'event e1: gone',
      counts: { planned: 9, synced: 1, failed: 1, deferred: 7, stored: 30 },
      checkpoint: null,
    });
  });

  it('is done when there was nothing to do', () => {
    expect(endRun(begun, 0)).toMatchObject({ state: 'done', error: null });
  });

  it('has failed when nothing was stored', () => {
    const run = eventFailed(begun, 'signups', 'e1', 'unavailable', '503');
    expect(endRun(run, 3)).toMatchObject({ state: 'failed', error: 'event e1: 503' });
  });

  it('goes on counting after a restart', () => {
    const run = resumeRun({ startedAt: 5, counts: { ...counts, synced: 4, stored: 100 } });
    expect(eventStored(run, 30)).toMatchObject({ startedAt: 5, synced: 5, stored: 130 });
  });

  it('goes on after an event that upstream does not know', () => {
    expect(eventFailed(begun, 'signups', 'e1', 'not_found', 'gone').stopped).toBe(false);
  });

  it('stops when one after the other fails: that is not about the events', () => {
    const fail = (run: typeof begun, id: string) => eventFailed(run, 'signups', id, 'unavailable', '503');
    const twice = fail(fail(begun, 'a'), 'b');
    expect(twice.stopped).toBe(false);
    expect(fail(twice, 'c').stopped).toBe(true);
    expect(fail(eventStored(twice, 30), 'c').stopped).toBe(false);
  });

  it('says so when the signups are not given to this key', () => {
    const missing = (run: typeof begun, id: string) => eventFailed(run, 'signups', id, 'not_found', '404');
    const thrice = missing(missing(missing(begun, 'a'), 'b'), 'c');
    const reason = 'The signups of upstream are not available with this key: 404';
    expect(thrice).toMatchObject({ stopped: true, error: reason });
    expect(eventFailed(begun, 'signups', 'a', 'unauthorized', '404')).toMatchObject({
      stopped: true,
      error: reason,
    });
    const worked = missing(missing(missing(eventStored(begun, 30), 'a'), 'b'), 'c');
    expect(worked).toMatchObject({ stopped: true, error: 'event c: 404' });
  });

  it('stops when upstream wants to be left alone', () => {
    expect(eventFailed(begun, 'signups', 'a', 'rate_limited', '429').stopped).toBe(true);
  });
});

describe('a list that can not be fetched', () => {
  it.each([
    ['unauthorized', true],
    ['not_found', true],
    ['unavailable', false],
    ['rate_limited', false],
  ] as const)('because of %s is not available to this key: %s', (code, expected) => {
    expect(isNotAvailable(code)).toBe(expected);
  });
});
