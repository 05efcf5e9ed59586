import { describe, expect, it } from 'vitest';
import { laneNames } from '@paceline/shared/definition';
import type { Queue } from '@paceline/client';
import { at, minute, now } from '@paceline/client/testing';
import { layoutLanes } from './layout.ts';

type Request = Queue['budgets'][number]['requests'][number];
const request = (name: string, expected: number, requested: number, lane = 'near_event_normal') =>
  ({ requestId: name, lane, requestedAt: at(requested), estimatedAt: at(expected) }) as Request;
const queue = (...requests: Request[]): Queue => ({
  at: at(0),
  waiting: requests.length,
  budgets: [
    {
      budget: 'signups',
      upstream: 'zwiftracing',
      label: 'Signups',
      waiting: requests.length,
      lanes: [],
      requests,
    },
  ],
});

describe('the lanes', () => {
  it('are all shown, the most urgent on top, also without requests', () => {
    const { bands } = layoutLanes(queue(), now, 600);
    expect(bands.map(({ lane }) => lane)).toEqual(laneNames);
    expect(bands.every(({ requests }) => requests.length === 0)).toBe(true);
  });

  it('show each request from when it was made to when it is expected, on one axis', () => {
    const { bands, nowX, axis } = layoutLanes(queue(request('a', 10, -20), request('b', 40, -10)), now, 600);
    expect(axis).toMatchObject({ from: now - 20 * minute, to: now + 40 * minute });
    expect(nowX).toBe(200);
    const near = bands.find(({ lane }) => lane === 'near_event_normal');
    expect(near?.requests).toMatchObject([
      { requestId: 'a', requestedX: 0, estimatedX: 300, remainingMs: 10 * minute },
      { requestId: 'b', requestedX: 100, estimatedX: 600, remainingMs: 40 * minute },
    ]);
  });

  it('give each request its own row, without overlapping bands', () => {
    const requests = (lane: string) => [1, 2, 3].map((each) => request(`${lane}${each}`, each, -1, lane));
    const { bands, height } = layoutLanes(
      queue(...requests('rider_sync'), ...requests('far_event_sync')),
      now,
      300,
    );
    const rows = bands.flatMap(({ requests }) => requests.map(({ y }) => y));
    expect(new Set(rows).size).toBe(6);
    for (const [index, band] of bands.entries())
      expect(bands[index + 1]?.y ?? height).toBe(band.y + band.height);
  });

  it('show the first requests of many, and the number of hidden ones', () => {
    const many = Array.from({ length: 40 }, (_, each) => request(`t${each}`, each, -1));
    const near = layoutLanes(queue(...many), now, 300).bands.find(({ lane }) => lane === 'near_event_normal');
    expect(near?.requests.map((each) => each.requestId)).toContain('t0');
    expect((near?.requests.length ?? 0) + (near?.hiddenCount ?? 0)).toBe(40);
  });

  it('show an overdue request at the current time', () => {
    const { bands, nowX } = layoutLanes(queue(request('late', -1, -5)), now, 600);
    expect(bands.flatMap(({ requests }) => requests)).toMatchObject([{ estimatedX: nowX, remainingMs: 0 }]);
  });
});
