import { describe, expect, it } from 'vitest';
import type { SourceRow } from '../sources/view.ts';
import { type LoggedCall, observedUpstream } from './calls.ts';

const call = (startedAt: number, status: number | null, message = 'no connection'): LoggedCall => ({
  endpoint: 'signups',
  status,
  message,
  startedAt,
  durationMs: 100,
});
const source = (state: SourceRow['state']): SourceRow => ({
  source: 'clubs',
  state,
  since: 500,
  status: 401,
  message: 'The key was rejected',
  advice: 'Check ZWIFTRACING_API_KEY',
  rawStart: null,
  probeAt: null,
});

describe('upstream', () => {
  it('is down after two failed calls in a row, since the first of them', () => {
    expect(observedUpstream([call(3_000, null), call(2_000, 502), call(1_000, 200)], [])).toEqual({
      state: 'down',
      reason: 'The last 2 calls failed: no connection',
      since: 2_000,
    });
  });

  it('is up after a single failure, and after any answer, also one that rejects the call', () => {
    expect(observedUpstream([call(2_000, null), call(1_000, 200)], []).state).toBe('up');
    expect(observedUpstream([call(3_000, 429), call(2_000, null), call(1_000, null)], []).state).toBe('up');
  });

  it('is judged by the order in which calls ended', () => {
    const slow = { ...call(1_000, 200), durationMs: 60_000 };
    expect(observedUpstream([call(3_000, null), call(2_000, null), slow], []).state).toBe('up');
  });

  it('is down when the key may use none of its sources, with the advice of the source', () => {
    expect(observedUpstream([call(1_000, 401)], [source('unavailable')])).toEqual({
      state: 'down',
      reason: 'The key was rejected',
      since: 500,
      advice: 'Check ZWIFTRACING_API_KEY',
    });
    expect(observedUpstream([call(1_000, 401)], [source('unavailable'), source('available')]).state).toBe(
      'up',
    );
  });

  it('is unknown without any call', () => {
    expect(observedUpstream([], [])).toEqual({ state: 'unknown' });
  });
});
