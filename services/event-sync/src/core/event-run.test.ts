import { describe, expect, it } from 'vitest';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import { startRun, decide, listFailure, type RunEvent, type RunState } from './event-run.ts';

const counts = { planned: 0, synced: 0, failed: 0, deferred: 0, stored: 0 };
const row = { slotEndsAt: 100, counts };
const started = startRun('signups', row);

const found = (left: number, eventId?: string, isOwn = true): RunEvent => ({
  event: 'found',
  best:
    eventId === undefined ? undefined : { eventId, lane: 'far_event_sync', because: 'never_fetched', isOwn },
  left,
});
/** No call now, but one at `next`. */
const later = (next: number) => ({ event: 'found', best: undefined, left: 0, next }) as const;
const failed = (code: UpstreamErrorCode, message = '503'): RunEvent => ({ event: 'failed', code, message });
/** A run after calls for these events. */
const after = (state: RunState, ...calls: Array<readonly [eventId: string, end: RunEvent]>): RunState =>
  calls.reduce(
    (current, [eventId, end]) => [found(8, eventId), found(8, eventId), end].reduce(decide, current),
    state,
  );
const stored = (items: number): RunEvent => ({ event: 'answered', items });
/** The result of a run that ends with `left` events still worth a call. */
const ended = (state: RunState, left = 0) => {
  const last = decide(decide(state, found(left, left > 0 ? 'next' : undefined)), { event: 'refused' });
  return last.phase === 'ended' ? last.ending : undefined;
};

describe('a run over events', () => {
  it('waits in the lane of the best event, then fetches the event that is best by then', () => {
    const waiting = decide(started, found(2, 'a'));
    expect(waiting).toMatchObject({ phase: 'waiting', lane: 'far_event_sync', left: 2 });
    expect(decide(waiting, found(2, 'b'))).toMatchObject({
      phase: 'calling',
      best: { eventId: 'b' },
      rest: 1,
    });
    expect(decide(waiting, found(2, 'other', false))).toMatchObject({ phase: 'calling', rest: 2 });
  });

  it('ends when no call is planned in its slot', () => {
    const nothing = { state: 'done', error: null, counts, checkpoint: null };
    expect(decide(started, found(0))).toEqual({ phase: 'ended', ending: nothing });
    expect(decide(started, later(100))).toEqual({ phase: 'ended', ending: nothing });
  });

  it('waits in its slot until the next planned call, then chooses again', () => {
    const idle = decide(started, later(99));
    expect(idle).toMatchObject({ phase: 'idle', until: 99 });
    const woken = decide(idle, { event: 'woke' });
    expect(woken.phase).toBe('choosing');
    expect(decide(woken, found(1, 'a')).phase).toBe('waiting');
  });

  it('chooses again when its permit came after the call was made', () => {
    const returned = decide(decide(started, found(1, 'a')), later(99));
    expect(returned.phase).toBe('choosing');
    expect(decide(returned, later(99)).phase).toBe('idle');
  });

  it('remembers the event that it last left to the watch', () => {
    const left = decide(started, { ...later(5), leftToWatch: 'a' });
    const woken = decide(left, { event: 'woke' });
    expect(woken).toMatchObject({ phase: 'choosing', run: { leftToWatch: 'a' } });
    expect(decide(woken, later(50))).toMatchObject({ phase: 'idle', run: { leftToWatch: 'a' } });
  });

  it('plans as many events as it has fetched, failed and left', () => {
    const run = after(started, ['e0', stored(30)], ['e1', failed('not_found', 'gone')]);
    expect(run).toMatchObject({ phase: 'choosing', left: 7 });
    expect(ended(run, 7)).toEqual({
      state: 'done',
      error: 'event e1: gone',
      counts: { planned: 9, synced: 1, failed: 1, deferred: 7, stored: 30 },
      checkpoint: null,
    });
  });

  it('fails when nothing was stored', () => {
    const run = after(started, ['e1', failed('unavailable')]);
    expect(ended(run, 3)).toMatchObject({ state: 'failed', error: 'event e1: 503' });
  });

  it('continues its counts after a restart', () => {
    const run = startRun('signups', { ...row, counts: { ...counts, synced: 4, stored: 100 } });
    expect(after(run, ['a', stored(30)])).toMatchObject({ run: { endsAt: 100, synced: 5, stored: 130 } });
  });

  it('ends with the reason when the source is unavailable', () => {
    const waiting = decide(started, found(3, 'a'));
    expect(decide(waiting, { event: 'unavailable', message: 'gone' })).toMatchObject({
      ending: { state: 'failed', error: 'gone', counts: { planned: 3, deferred: 3 } },
    });
  });
});

describe('failed calls', () => {
  const hasStopped = (state: RunState) => decide(state, found(4, 'next')).phase === 'ended';

  it('do not stop the run when upstream does not know a single event', () => {
    expect(hasStopped(after(started, ['e1', failed('not_found', 'gone')]))).toBe(false);
  });

  it('stop the run after three in a row', () => {
    const bad = failed('unavailable');
    const twice = after(started, ['a', bad], ['b', bad]);
    expect(hasStopped(twice)).toBe(false);
    expect(hasStopped(after(twice, ['c', bad]))).toBe(true);
    expect(hasStopped(after(twice, ['d', stored(30)], ['c', bad]))).toBe(false);
  });

  it('report the source as unavailable when this key gets no signups', () => {
    const missing = failed('not_found', '404');
    const all = [
      ['a', missing],
      ['b', missing],
      ['c', missing],
    ] as const;
    const thrice = after(started, ...all);
    const error = 'ZwiftRacing signups are not available: 404';
    expect([hasStopped(thrice), ended(thrice)?.error]).toEqual([true, error]);
    const once = after(started, ['a', failed('unauthorized', '404')]);
    expect([hasStopped(once), ended(once)?.error]).toEqual([true, error]);
    const worked = after(after(started, ['e0', stored(30)]), ...all);
    expect([hasStopped(worked), ended(worked)?.error]).toEqual([true, 'event c: 404']);
  });

  it('stop the run even if another call is planned in its slot', () => {
    const stopped = after(started, ['a', failed('unauthorized')]);
    expect(decide(stopped, later(50)).phase).toBe('ended');
  });

  it('stop the run on 429', () => {
    expect(hasStopped(after(started, ['a', failed('rate_limited', '429')]))).toBe(true);
  });
});

describe('an event list that cannot be fetched', () => {
  it.each([
    ['unauthorized', 'ended'],
    ['not_found', 'ended'],
    ['unavailable', 'choosing'],
    ['rate_limited', 'choosing'],
  ] as const)('because of %s leaves the run in state %s', (code, phase) => {
    const run = startRun('signups', row, listFailure(code, 'why'));
    expect(run.phase).toBe(phase);
    expect(ended(run)).toMatchObject({ state: 'failed', error: expect.stringContaining('why') });
  });

  it('is named beside the event that failed after it', () => {
    const run = startRun('signups', row, listFailure('unavailable', '503'));
    const both = after(run, ['a', stored(5)], ['b', failed('rejected', '400')]);
    expect(ended(both)).toMatchObject({ error: 'event list: 503; event b: 400', counts: { failed: 1 } });
  });

  it('in this slot counts as one deferred event', () => {
    const run = startRun('signups', row, { state: 'deferred' });
    expect(ended(run)).toMatchObject({ state: 'done', counts: { planned: 1, deferred: 1 } });
  });
});
