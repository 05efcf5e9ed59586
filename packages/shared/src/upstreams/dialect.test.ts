import { describe, expect, it } from 'vitest';
import { dialectEntry } from './dialect.ts';
import { readLimits } from './limits.ts';

const now = Date.parse('2026-02-01T12:00:00Z');
const read = (entry: unknown, body: unknown, headers: Record<string, string> = {}) =>
  readLimits(dialectEntry.parse(entry), 429, new Headers(headers), JSON.stringify(body), now);

describe('dialect of an upstream', () => {
  it('names the fields and the unit of the limit that rejected a call', () => {
    const policy = { limit: 'quota.max', window: 'quota.seconds', unit: 's' };
    const learned = { limit: 5, windowMs: 60_000 };
    expect(read({ policy }, { quota: { max: 5, seconds: '60' } })).toEqual({ learned });
    expect(read({ policy }, { error: { quota: { max: 5, seconds: 60 } } })).toEqual({ learned });
    expect(read({ policy }, { quota: 5, max: 5, seconds: 60 })).toEqual({});
    expect(read({}, { limit: 5, windowMinutes: 1 })).toEqual({});
  });

  it('names waits beside the usual ones, and their unit', () => {
    const waits = { 'X-Quota-Wait': 'm', msBeforeNext: 'ms' };
    expect(read({ waits }, {}, { 'X-Quota-Wait': '2' })).toEqual({ retryAfterMs: 120_000 });
    expect(read({ waits }, { msBeforeNext: 1_500 })).toEqual({ retryAfterMs: 1_500 });
    expect(read({ waits }, { retryAfter: 5 })).toEqual({ retryAfterMs: 5_000 });
    expect(read({}, {}, { 'X-Quota-Wait': '2' })).toEqual({});
  });

  it.each([
    [{ counters: [{ budgets: ['day'], limit: 'X-Limit' }] }],
    [{ counters: [{ budgets: [], used: 'X-Used' }] }],
    [{ counters: [{ budgets: ['day'], used: 'X Used' }] }],
    [{ waits: { 'X-Wait': 'weeks' } }],
    [{ policy: { limit: 'error..limit', window: 'window', unit: 's' } }],
    [{ polcy: {} }],
  ])('is refused when it is %j', (entry) => {
    expect(dialectEntry.safeParse(entry).success).toBe(false);
  });
});
