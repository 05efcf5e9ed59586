import { createClock } from '@paceline/shared/clock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startLedgerClock } from './recover.ts';

const minute = 60_000;
const start = Date.parse('2026-03-01T12:00:00.000Z');

afterEach(() => vi.useRealTimers());

describe('ledger time', () => {
  it('follows the monotonic clock, however the host’s clock is set', () => {
    vi.useFakeTimers({ now: start });
    const now = startLedgerClock(createClock(), start, {
      realMs: start,
      receivedAt: performance.now(),
      tookMs: 0,
    });
    vi.advanceTimersByTime(minute);
    for (const jump of [10 * minute, -20 * minute]) {
      vi.setSystemTime(Date.now() + jump);
      expect(now()).toBe(start + minute);
    }
  });

  it('runs at the speed of project time', () => {
    vi.useFakeTimers({ now: start });
    const clock = createClock({ scale: 60, anchor: start });
    const now = startLedgerClock(clock, start, { realMs: start, receivedAt: performance.now(), tookMs: 0 });
    vi.advanceTimersByTime(1_000);
    expect(now()).toBe(start + minute);
  });
});
