import { afterEach, expect, it, vi } from 'vitest';
import { repeatedFailure } from './repeated.ts';

afterEach(() => vi.useRealTimers());

it('a repeated failure is reported at first, then once a minute, and again after a success', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const reported: unknown[] = [];
  const failures = repeatedFailure((error) => reported.push(error));
  for (let second = 0; second < 61; second += 1) {
    failures.failed(second);
    vi.advanceTimersByTime(1_000);
  }
  expect(reported).toEqual([0, 60]);
  failures.succeeded();
  failures.failed('new');
  expect(reported).toEqual([0, 60, 'new']);
});
