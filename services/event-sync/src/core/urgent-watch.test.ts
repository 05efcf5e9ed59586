import { describe, expect, it } from 'vitest';
import { candidate, planNow as now } from '../testing/candidates.ts';
import { maxConsecutiveFailures, noFailures } from './event-run.ts';
import type { PlannedCall } from './call-plan/plan.ts';
import { initialWatch, decide, type WatchEvent, type WatchState } from './urgent-watch.ts';

const minute = 60_000;

describe('the watch', () => {
  /** An urgent call now. @param lead minutes until the event starts */
  const call = (eventId: string, lead = 5): PlannedCall => {
    const event = candidate(eventId, lead);
    return { at: now, event, class: 'urgent', because: 'about_to_start', freshUntil: event.startsAt };
  };
  const found = (planned?: PlannedCall, next = Infinity): WatchEvent => ({
    event: 'found',
    call: planned,
    next,
    now,
  });
  const calling = (eventId: string, state: WatchState = initialWatch) =>
    decide(decide(state, found(call(eventId))), found(call(eventId)));
  const failed = (eventId: string, code: 'not_found' | 'rate_limited' | 'timed_out', state?: WatchState) =>
    decide(calling(eventId, state), { event: 'failed', code });

  it('waits in the urgent lane until the event starts, and makes the call that is planned by then', () => {
    const waiting = decide(initialWatch, found(call('a', 9)));
    expect(waiting).toMatchObject({
      phase: 'waiting',
      lane: 'near_event_urgent',
      deadline: now + 9 * minute,
    });
    expect(decide(waiting, found(call('b')))).toMatchObject({
      phase: 'calling',
      call: { event: { eventId: 'b' } },
    });
  });

  it('pauses until the next urgent call is planned, a minute at most, then searches again', () => {
    const pausing = decide(initialWatch, found(undefined, now + 5_000));
    expect(pausing).toMatchObject({ phase: 'pausing', ms: 5_000 });
    expect(decide(pausing, { event: 'woke' }).phase).toBe('searching');
    expect(decide(initialWatch, found(undefined, now + 9 * minute))).toMatchObject({ ms: minute });
    expect(decide(initialWatch, found())).toMatchObject({ ms: minute });
  });

  it('returns the permit when another call is better by then, and searches again', () => {
    expect(decide(decide(initialWatch, found(call('a'))), found()).phase).toBe('searching');
  });

  it.each(['refused', 'error'] as const)('tries again in a minute after event %s', (name) => {
    const waiting = decide(initialWatch, found(call('a')));
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
