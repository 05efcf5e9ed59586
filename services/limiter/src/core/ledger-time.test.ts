import { describe, expect, it } from 'vitest';
import { timeAtTakeover } from './recovery.ts';

const minute = 60_000;
const always = () => true;
const never = () => false;

describe('ledger time at a takeover', () => {
  it('is the broker’s time for an empty journal', () => {
    expect(timeAtTakeover({ brokerNow: 5, last: undefined, hasActiveState: always })).toBe(5);
  });

  it('continues from the last entry by the time since it was stored', () => {
    const last = { at: 10 * minute, storedAt: 10 * minute + 20 };
    expect(timeAtTakeover({ brokerNow: 12 * minute, last, hasActiveState: always })).toBe(12 * minute - 20);
  });

  it('does not shorten a window after the broker’s clock was set forward', () => {
    const last = { at: 10 * minute, storedAt: 20 * minute };
    expect(timeAtTakeover({ brokerNow: 21 * minute, last, hasActiveState: always })).toBe(11 * minute);
  });

  it('does not lengthen a wait after the broker’s clock was set back', () => {
    const last = { at: 20 * minute, storedAt: 10 * minute };
    expect(timeAtTakeover({ brokerNow: 11 * minute, last, hasActiveState: always })).toBe(21 * minute);
  });

  it('never goes back when the broker’s clock was set back since the last entry', () => {
    const last = { at: 20 * minute, storedAt: 20 * minute };
    expect(timeAtTakeover({ brokerNow: 10 * minute, last, hasActiveState: always })).toBe(20 * minute);
  });

  it('is the broker’s time again when no call counts and no pause lasts', () => {
    const last = { at: 10 * minute, storedAt: 20 * minute };
    expect(timeAtTakeover({ brokerNow: 21 * minute, last, hasActiveState: never })).toBe(21 * minute);
  });

  it('is not advanced by many small forward steps of the broker’s clock within a window', () => {
    let last = { at: 10 * minute, storedAt: 10 * minute };
    for (let step = 1; step <= 5; step += 1) {
      // Between two owners 1 s passes, and the clock is set forward by 0.9 s.
      const storedAt = 10 * minute + step * 1_900;
      last = { at: timeAtTakeover({ brokerNow: storedAt - 900, last, hasActiveState: always }), storedAt };
    }
    expect(last.at).toBe(10 * minute + 5_000);
  });
});
