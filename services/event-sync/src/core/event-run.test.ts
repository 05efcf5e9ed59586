import { describe, expect, it } from 'vitest';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import { beginRun, decide, listFailed, type RunEvent, type RunState } from './event-run.ts';

const counts = { planned: 0, synced: 0, failed: 0, deferred: 0, stored: 0 };
const row = { startedAt: 5, counts };
const begun = beginRun('signups', row);

const looked = (left: number, eventId?: string, isOwn = true): RunEvent => ({
  event: 'looked',
  best:
    eventId === undefined ? undefined : { eventId, lane: 'far_event_sync', because: 'oldest_copy', isOwn },
  left,
});
const failed = (code: UpstreamErrorCode, message = '503'): RunEvent => ({ event: 'failed', code, message });
/** A run after some events, each with the number of others that were left then. */
const after = (state: RunState, ...calls: Array<readonly [eventId: string, end: RunEvent]>): RunState =>
  calls.reduce(
    (current, [eventId, end]) => [looked(8, eventId), looked(8, eventId), end].reduce(decide, current),
    state,
  );
const stored = (items: number): RunEvent => ({ event: 'answered', items });
/** How it ends when some are left that it can no longer fetch. */
const ended = (state: RunState, left = 0) => {
  const last = decide(decide(state, looked(left, left > 0 ? 'next' : undefined)), { event: 'refused' });
  return last.is === 'ended' ? last.ending : undefined;
};

describe('a run over events', () => {
  it('asks in the lane of what is worth most, and calls for what is worth most by then', () => {
    const asking = decide(begun, looked(2, 'a'));
    expect(asking).toMatchObject({ is: 'asking', lane: 'far_event_sync', left: 2 });
    expect(decide(asking, looked(2, 'b'))).toMatchObject({ is: 'calling', best: { eventId: 'b' }, rest: 1 });
    expect(decide(asking, looked(2, 'other', false))).toMatchObject({ is: 'calling', rest: 2 });
  });

  it('ends when nothing is worth a call any more, even with a permit', () => {
    const nothing = { state: 'done', error: null, counts, checkpoint: null };
    expect(decide(begun, looked(0))).toEqual({ is: 'ended', ending: nothing });
    expect(decide(decide(begun, looked(1, 'a')), looked(0))).toEqual({ is: 'ended', ending: nothing });
  });

  it('counts what is planned as what is done and what is left', () => {
    const run = after(begun, ['e0', stored(30)], ['e1', failed('not_found', 'gone')]);
    expect(run).toMatchObject({ is: 'choosing', left: 7 });
    expect(ended(run, 7)).toEqual({
      state: 'done',
      error: 'event e1: gone',
      counts: { planned: 9, synced: 1, failed: 1, deferred: 7, stored: 30 },
      checkpoint: null,
    });
  });

  it('has failed when nothing was stored', () => {
    const run = after(begun, ['e1', failed('unavailable')]);
    expect(ended(run, 3)).toMatchObject({ state: 'failed', error: 'event e1: 503' });
  });

  it('goes on counting after a restart', () => {
    const run = beginRun('signups', { startedAt: 5, counts: { ...counts, synced: 4, stored: 100 } });
    expect(after(run, ['a', stored(30)])).toMatchObject({ run: { startedAt: 5, synced: 5, stored: 130 } });
  });

  it('ends with the reason when the source is not available', () => {
    const asking = decide(begun, looked(3, 'a'));
    expect(decide(asking, { event: 'unavailable', message: 'gone' })).toMatchObject({
      ending: { state: 'failed', error: 'gone', counts: { planned: 3, deferred: 3 } },
    });
  });
});

describe('failed calls', () => {
  const hasStopped = (state: RunState) => decide(state, looked(4, 'next')).is === 'ended';

  it('do not stop the run when upstream does not know one event', () => {
    expect(hasStopped(after(begun, ['e1', failed('not_found', 'gone')]))).toBe(false);
  });

  it('stop it when one after the other fails: that is not about the events', () => {
    const bad = failed('unavailable');
    const twice = after(begun, ['a', bad], ['b', bad]);
    expect(hasStopped(twice)).toBe(false);
    expect(hasStopped(after(twice, ['c', bad]))).toBe(true);
    expect(hasStopped(after(twice, ['d', stored(30)], ['c', bad]))).toBe(false);
  });

  it('say so when the signups are not given to this key', () => {
    const missing = failed('not_found', '404');
    const all = [
      ['a', missing],
      ['b', missing],
      ['c', missing],
    ] as const;
    const thrice = after(begun, ...all);
    const error = 'ZwiftRacing signups are not available with this key: 404';
    expect([hasStopped(thrice), ended(thrice)?.error]).toEqual([true, error]);
    const once = after(begun, ['a', failed('unauthorized', '404')]);
    expect([hasStopped(once), ended(once)?.error]).toEqual([true, error]);
    const worked = after(after(begun, ['e0', stored(30)]), ...all);
    expect([hasStopped(worked), ended(worked)?.error]).toEqual([true, 'event c: 404']);
  });

  it('stop it when upstream wants to be left alone', () => {
    expect(hasStopped(after(begun, ['a', failed('rate_limited', '429')]))).toBe(true);
  });
});

describe('a list that can not be fetched', () => {
  it.each([
    ['unauthorized', 'ended'],
    ['not_found', 'ended'],
    ['unavailable', 'choosing'],
    ['rate_limited', 'choosing'],
  ] as const)('because of %s leaves the run %s: our copy may do, unless this key has none', (code, is) => {
    const run = beginRun('signups', row, listFailed(code, 'why'));
    expect(run.is).toBe(is);
    expect(ended(run)).toMatchObject({ state: 'failed', error: expect.stringContaining('why') });
  });

  it('in this slot leaves an unknown number for the next one', () => {
    const run = beginRun('signups', row, { is: 'deferred' });
    expect(ended(run)).toMatchObject({ state: 'done', counts: { planned: 1, deferred: 1 } });
  });
});
