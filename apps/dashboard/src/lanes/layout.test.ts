import { describe, expect, it } from 'vitest';
import { lanes } from '../palette.ts';
import { budgetAt, minute, now, waiter } from '../testing.ts';
import { layoutLanes } from './layout.ts';

describe('the lanes', () => {
  it('are all there, most urgent on top, also when nobody waits', () => {
    const { bands } = layoutLanes([], now, 600);
    expect(bands.map(({ lane }) => lane)).toEqual(lanes);
    expect(bands.every(({ tickets }) => tickets.length === 0)).toBe(true);
  });

  it('show each ticket from its first ask to when it is expected, on an axis that holds them all', () => {
    const budget = budgetAt({ waiting: [waiter('a', 10, -20), waiter('b', 40, -10)] });
    const { bands, nowX, axis } = layoutLanes([budget], now, 600);
    expect(axis).toMatchObject({ from: now - 20 * minute, to: now + 40 * minute });
    expect(nowX).toBe(200);
    const near = bands.find(({ lane }) => lane === 'near_event_normal');
    expect(near?.tickets).toMatchObject([
      { ticket: 'a', askedX: 0, expectedX: 300, age: 20 * minute, left: 10 * minute },
      { ticket: 'b', askedX: 100, expectedX: 600, age: 10 * minute, left: 40 * minute },
    ]);
  });

  it('give each ticket a row of its own, and no band lies upon another', () => {
    const line = (lane: 'rider_sync' | 'far_event_sync') =>
      [1, 2, 3].map((each) => waiter(`${lane}${each}`, each, -1, lane));
    const { bands, height } = layoutLanes(
      [budgetAt({ waiting: [...line('rider_sync'), ...line('far_event_sync')] })],
      now,
      300,
    );
    const rows = bands.flatMap(({ tickets }) => tickets.map(({ y }) => y));
    expect(new Set(rows).size).toBe(6);
    for (const [index, band] of bands.entries())
      expect(bands[index + 1]?.y ?? height).toBe(band.y + band.height);
  });

  it('show who is overdue at the now-edge', () => {
    const { bands, nowX } = layoutLanes([budgetAt({ waiting: [waiter('late', -1, -5)] })], now, 600);
    expect(bands.flatMap(({ tickets }) => tickets)).toMatchObject([{ expectedX: nowX, left: 0 }]);
  });
});
