import { describe, expect, it } from 'vitest';
import { startsBetween } from './starts.ts';
import { day, hour, monday, planOf } from './testing.ts';

const startsIn = (eventsADay: number, from: number, until: number) =>
  startsBetween(planOf({}, { eventsADay }), from, until).length;

describe('the starts of a busy day', () => {
  it('are as many as are asked for, most of them in the evening', () => {
    expect(startsIn(155, monday, monday + day)).toBeCloseTo(155, -1);
    expect(startsIn(155, monday, monday + 7 * day)).toBeCloseTo(7 * 155, -1);
    expect(startsIn(155, monday + 19 * hour, monday + 20 * hour)).toBe(37);
    expect(startsIn(155, monday + 4 * hour, monday + 5 * hour)).toBeLessThan(5);
  });

  it('are all in the evening when there are few, and none when there are none', () => {
    expect(startsIn(20, monday, monday + 19 * hour)).toBe(0);
    expect(startsIn(20, monday, monday + day)).toBe(20);
    expect(startsIn(0, monday, monday + day)).toBe(0);
  });
});
