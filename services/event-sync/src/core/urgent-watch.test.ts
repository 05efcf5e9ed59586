import { describe, expect, it } from 'vitest';
import { enough, noFailures } from './failures.ts';
import { afterFailure, pauseAfterTrouble } from './urgent-watch.ts';

describe('the watch for urgent events', () => {
  it('goes on with the others when one could not be fetched', () => {
    const { pause, failures } = afterFailure(noFailures, 'e1', 'not_found');
    expect(pause).toBe(0);
    expect(failures.failed).toEqual(new Set(['e1']));
  });

  it('leaves it to the limiter when upstream is open again', () => {
    expect(afterFailure(noFailures, 'e1', 'rate_limited')).toEqual({
      pause: pauseAfterTrouble,
      failures: noFailures,
    });
  });

  it('lets a quarter of an hour go by after several failures in a row, and then tries all anew', () => {
    let failures = noFailures;
    for (let one = 1; one < enough; one += 1) ({ failures } = afterFailure(failures, `e${one}`, 'timed_out'));
    expect(afterFailure(failures, 'last', 'timed_out')).toEqual({ pause: 900_000, failures: noFailures });
  });
});
