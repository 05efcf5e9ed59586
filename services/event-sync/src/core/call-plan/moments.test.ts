import { windowMarginMs } from '@paceline/shared/definition';
import { describe, expect, it } from 'vitest';
import { candidate, copied, planNow as now } from '../../testing/candidates.ts';
import { firstMoment, momentsFrom, slotsOf } from './moments.ts';

const minute = 60_000;
/** How long a call takes. */
const typical = 2_000;
const standard = { limit: 1, windowMs: minute };

describe('the moments of the next calls', () => {
  it('are a window and a usual call apart, for the next hour and more', () => {
    const slow = { limit: 1, windowMs: 2 * minute };
    const cycle = slow.windowMs + windowMarginMs + typical;
    const moments = momentsFrom(now, slow, typical, []);
    expect(moments.slice(0, 3).map(({ at }) => at)).toEqual([now, now + cycle, now + 2 * cycle]);
    for (const policy of [slow, standard]) {
      const last = momentsFrom(now, policy, typical, []).at(-1)?.at ?? 0;
      expect(last).toBeGreaterThan(now + 70 * minute);
      expect(last).toBeLessThanOrEqual(now + 74 * minute);
    }
  });

  it('are no more than 70 over the same time for a key with a higher limit', () => {
    const moments = momentsFrom(now, { ...standard, limit: 10 }, typical, []);
    expect(moments.length).toBe(70);
    expect(moments.at(-1)?.at).toBeGreaterThan(now + 70 * minute);
  });

  it('are at least one, however long the window is', () => {
    expect(momentsFrom(now, { limit: 1, windowMs: 24 * 60 * minute }, typical, [])).toHaveLength(1);
  });

  it('are open within slots, whose end does not belong to them', () => {
    const times = momentsFrom(now, standard, typical, []).map(({ at }) => at);
    const slot = { from: times[1] ?? 0, until: times[3] ?? 0 };
    expect(
      momentsFrom(now, standard, typical, [slot])
        .slice(0, 4)
        .map(({ isOpen }) => isOpen),
    ).toEqual([false, true, true, false]);
  });
});

describe('the first moment', () => {
  it('is a window after the last copy, or now', () => {
    const events = [candidate('a', 10, copied(0.5)), candidate('b', 10, copied(5)), candidate('c', 10)];
    expect(firstMoment(events, standard, now)).toBe(now + minute / 2 + windowMarginMs);
    expect(firstMoment(events.slice(1), standard, now)).toBe(now);
  });

  it('is now when the limit leaves room for more calls', () => {
    expect(firstMoment([candidate('a', 10, copied(0))], { ...standard, limit: 2 }, now)).toBe(now);
  });
});

describe('the slots of a plan', () => {
  it('are those of the schedule that are open or open soon, without the skipped ones', () => {
    const at = Date.UTC(2026, 10, 24, 18, 4);
    const schedule = { kind: 'far', opens: '0,30 * * * *', durationMs: 5 * minute, timeZone: 'UTC' } as const;
    const opening = (skip: string) =>
      slotsOf([{ ...schedule, skip }], at)
        .map(({ from }) => new Date(from).toISOString().slice(11, 16))
        .slice(0, 3);
    expect(opening('')).toEqual(['18:00', '18:30', '19:00']);
    expect(opening('18:30')).toEqual(['18:00', '19:00', '19:30']);
  });
});
