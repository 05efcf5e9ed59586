import { describe, expect, it } from 'vitest';
import { at, budgetAt, now, waitingRequest } from '@paceline/client/testing';
import { layoutWindow } from './layout.ts';

/** 600 px for an hour before now and an hour after: five pixels per minute. */
const hourly = (given: Parameters<typeof budgetAt>[0]) =>
  layoutWindow(budgetAt({ windowSeconds: 3_600, ...given }), now, 600);

describe('a window', () => {
  it('shows as much time after now as before', () => {
    const { nowX, ticks, rows } = hourly({ limit: 5 });
    expect(rows).toBe(5);
    expect(nowX).toBe(300);
    expect(ticks.map(({ x, label }) => [x, label])).toEqual([
      [0, '−60 min'],
      [300, 'now'],
      [600, '+60 min'],
    ]);
  });

  it('shows a call from its start through its response to the end of its window', () => {
    const { calls } = hourly({ permits: [{ start: -30, leaves: 31, settled: true }] });
    expect(calls).toMatchObject([{ startX: 150, respondedX: 155, leaveX: 455, row: 0 }]);
  });

  it('extends a call that is possibly in flight to now', () => {
    const { calls } = hourly({ permits: [{ start: -2, leaves: 63, settled: false }] });
    expect(calls).toMatchObject([{ startX: 290, respondedX: 300, leaveX: 600 }]);
  });

  it('puts overlapping calls into separate rows and consecutive ones into the same row', () => {
    const { calls } = hourly({
      limit: 2,
      permits: [
        { start: -50, leaves: 10, settled: true },
        { start: -40, leaves: 20, settled: true },
        { start: 10, leaves: 70, settled: true },
      ],
    });
    expect(calls.map(({ row }) => row)).toEqual([0, 1, 0]);
  });

  it('shows more calls than the limit after the limit was lowered', () => {
    const permits = [-3, -2, -1].map((start) => ({ start, leaves: start + 60, settled: true }));
    expect(hourly({ limit: 1, permits }).rows).toBe(3);
  });

  it('shows waiting requests in free rows, without those expected after its end', () => {
    const { expected } = hourly({
      limit: 2,
      permits: [
        { start: -50, leaves: 10, settled: true },
        { start: -20, leaves: 40, settled: true },
      ],
      waiting: [waitingRequest('a', 10), waitingRequest('b', 40), waitingRequest('c', 90)],
    });
    expect(expected.map(({ requestId, row, startX, leaveX }) => [requestId, row, startX, leaveX])).toEqual([
      ['a', 0, 350, 600],
      ['b', 1, 500, 600],
    ]);
  });

  it('shows the calls of other programs in rows of their own, by when they stop counting', () => {
    const foreign = { since: at(-10), lastAt: at(-10), calls: [{ calls: 2, leavesAt: at(50) }] };
    const budget = budgetAt({
      limit: 5,
      windowSeconds: 3_600,
      permits: [{ start: -30, leaves: 31, settled: true }],
    });
    expect(layoutWindow({ ...budget, foreign }, now, 600).foreign).toEqual([
      { row: 1, startX: 250, leaveX: 550 },
      { row: 2, startX: 250, leaveX: 550 },
    ]);
  });

  it('is closed from now until the end of each active pause', () => {
    const { closed } = hourly({ pausedUntil: { upstream: 6, operator: 12 }, unknownUntil: -1 });
    expect(closed).toEqual([
      { by: 'operator', toX: 360 },
      { by: 'upstream', toX: 330 },
    ]);
  });
});
