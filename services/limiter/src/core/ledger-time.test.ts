import { describe, expect, it } from 'vitest';
import { timeAtTakeOver } from './recovery.ts';

const minute = 60_000;
const always = () => true;
const never = () => false;

describe('the time of a ledger that is taken over', () => {
  it('is the broker’s when there was nothing before', () => {
    expect(timeAtTakeOver({ now: 5, last: undefined, weighs: always })).toBe(5);
  });

  it('goes on from the last entry by what has passed since it was stored', () => {
    const last = { at: 10 * minute, storedAt: 10 * minute + 20 };
    expect(timeAtTakeOver({ now: 12 * minute, last, weighs: always })).toBe(12 * minute - 20);
  });

  it('counts what has passed when the broker’s clock was set forward before: a window is not over for that', () => {
    const last = { at: 10 * minute, storedAt: 20 * minute };
    expect(timeAtTakeOver({ now: 21 * minute, last, weighs: always })).toBe(11 * minute);
  });

  it('counts what has passed when the broker’s clock was set back before: nobody waits for that', () => {
    const last = { at: 20 * minute, storedAt: 10 * minute };
    expect(timeAtTakeOver({ now: 11 * minute, last, weighs: always })).toBe(21 * minute);
  });

  it('stands still when the broker’s clock was set back since the last entry: it never goes back', () => {
    const last = { at: 20 * minute, storedAt: 20 * minute };
    expect(timeAtTakeOver({ now: 10 * minute, last, weighs: always })).toBe(20 * minute);
  });

  it('is the broker’s again as soon as nothing depends on it', () => {
    const last = { at: 10 * minute, storedAt: 20 * minute };
    expect(timeAtTakeOver({ now: 21 * minute, last, weighs: never })).toBe(21 * minute);
  });

  it('is not moved on by steps of the broker’s clock that are small, however many come in a window', () => {
    let last = { at: 10 * minute, storedAt: 10 * minute };
    for (let step = 1; step <= 5; step += 1) {
      // One second passes between two owners, and each time the clock is set forward by 0.9 s.
      const now = 10 * minute + step * 1_900;
      last = { at: timeAtTakeOver({ now: now - 900, last, weighs: always }), storedAt: now };
    }
    expect(last.at).toBe(10 * minute + 5_000);
  });
});
