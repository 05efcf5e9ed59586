import { describe, expect, it } from 'vitest';
import { timeAtTakeOver } from './ledger-time.ts';

const minute = 60_000;
const tolerance = 1_000;
const always = () => true;
const never = () => false;

describe('the time of a ledger that is taken over', () => {
  it('is the broker’s when there was nothing before', () => {
    expect(timeAtTakeOver({ now: 5, last: undefined, tolerance, weighs: always })).toBe(5);
  });

  it('is the broker’s when its clock went on as it should', () => {
    const last = { at: 10 * minute, storedAt: 10 * minute + 20 };
    expect(timeAtTakeOver({ now: 12 * minute, last, tolerance, weighs: always })).toBe(12 * minute);
  });

  it('counts what has passed when the broker’s clock was set forward before: a window is not over for that', () => {
    const last = { at: 10 * minute, storedAt: 20 * minute };
    expect(timeAtTakeOver({ now: 21 * minute, last, tolerance, weighs: always })).toBe(11 * minute);
  });

  it('counts what has passed when the broker’s clock was set back before: nobody waits for that', () => {
    const last = { at: 20 * minute, storedAt: 10 * minute };
    expect(timeAtTakeOver({ now: 11 * minute, last, tolerance, weighs: always })).toBe(21 * minute);
  });

  it('stands still when the broker’s clock was set back since the last entry: it never goes back', () => {
    const last = { at: 20 * minute, storedAt: 20 * minute };
    expect(timeAtTakeOver({ now: 10 * minute, last, tolerance, weighs: always })).toBe(20 * minute);
  });

  it('is the broker’s again as soon as nothing depends on it', () => {
    const last = { at: 10 * minute, storedAt: 20 * minute };
    expect(timeAtTakeOver({ now: 21 * minute, last, tolerance, weighs: never })).toBe(21 * minute);
  });

  it('takes what a message needs on its way for no change of the clock, and still never goes back', () => {
    const last = { at: 10_500, storedAt: 10_000 };
    expect(timeAtTakeOver({ now: 10_100, last, tolerance, weighs: always })).toBe(10_500);
  });
});
