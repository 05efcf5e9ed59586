import { createClock } from '@paceline/shared/clock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startLedgerClock } from './recover.ts';

const minute = 60_000;
const begin = Date.parse('2026-03-01T12:00:00.000Z');

afterEach(() => vi.useRealTimers());

describe('the time of a ledger', () => {
  it('goes on by the process’s steady clock, whatever is done to the host’s clock', () => {
    vi.useFakeTimers({ now: begin });
    const now = startLedgerClock(createClock(), begin, {
      realMs: begin,
      heardAt: performance.now(),
      tookMs: 0,
    });
    vi.advanceTimersByTime(minute);
    for (const jump of [10 * minute, -20 * minute]) {
      vi.setSystemTime(Date.now() + jump);
      expect(now()).toBe(begin + minute);
    }
  });

  it('runs as fast as the project’s', () => {
    vi.useFakeTimers({ now: begin });
    const clock = createClock({ scale: 60, anchor: begin });
    const now = startLedgerClock(clock, begin, { realMs: begin, heardAt: performance.now(), tookMs: 0 });
    vi.advanceTimersByTime(1_000);
    expect(now()).toBe(begin + minute);
  });
});
