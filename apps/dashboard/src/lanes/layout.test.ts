import { describe, expect, it } from 'vitest';
import { laneNames } from '@paceline/shared/definition';
import type { Lane, Queue } from '@paceline/client';
import { at, minute, now } from '@paceline/client/testing';
import { layoutLanes } from './layout.ts';

type Ticket = Queue['budgets'][number]['tickets'][number];
const ticket = (name: string, expected: number, asked: number, lane: Lane = 'near_event_normal') =>
  ({ ticket: name, lane, requestedAt: at(asked), expectedAt: at(expected) }) as Ticket;
const queue = (...tickets: Ticket[]): Queue => ({
  at: at(0),
  waiting: tickets.length,
  budgets: [{ budget: 'signups', waiting: tickets.length, lanes: [], tickets }],
});

describe('the lanes', () => {
  it('are all there, most urgent on top, also when nobody waits', () => {
    const { bands } = layoutLanes(queue(), now, 600);
    expect(bands.map(({ lane }) => lane)).toEqual(laneNames);
    expect(bands.every(({ tickets }) => tickets.length === 0)).toBe(true);
  });

  it('show each ticket from its first ask to when it is expected, on an axis that holds them all', () => {
    const { bands, nowX, axis } = layoutLanes(queue(ticket('a', 10, -20), ticket('b', 40, -10)), now, 600);
    expect(axis).toMatchObject({ from: now - 20 * minute, to: now + 40 * minute });
    expect(nowX).toBe(200);
    const near = bands.find(({ lane }) => lane === 'near_event_normal');
    expect(near?.tickets).toMatchObject([
      { ticket: 'a', askedX: 0, expectedX: 300, left: 10 * minute },
      { ticket: 'b', askedX: 100, expectedX: 600, left: 40 * minute },
    ]);
  });

  it('give each ticket a row of its own, and no band lies upon another', () => {
    const line = (lane: Lane) => [1, 2, 3].map((each) => ticket(`${lane}${each}`, each, -1, lane));
    const { bands, height } = layoutLanes(queue(...line('rider_sync'), ...line('far_event_sync')), now, 300);
    const rows = bands.flatMap(({ tickets }) => tickets.map(({ y }) => y));
    expect(new Set(rows).size).toBe(6);
    for (const [index, band] of bands.entries())
      expect(bands[index + 1]?.y ?? height).toBe(band.y + band.height);
  });

  it('show the first of many, and how many more there are', () => {
    const many = Array.from({ length: 40 }, (_, each) => ticket(`t${each}`, each, -1));
    const near = layoutLanes(queue(...many), now, 300).bands.find(({ lane }) => lane === 'near_event_normal');
    expect(near?.tickets.map((each) => each.ticket)).toContain('t0');
    expect((near?.tickets.length ?? 0) + (near?.more ?? 0)).toBe(40);
  });

  it('show who is overdue at the now-edge', () => {
    const { bands, nowX } = layoutLanes(queue(ticket('late', -1, -5)), now, 600);
    expect(bands.flatMap(({ tickets }) => tickets)).toMatchObject([{ expectedX: nowX, left: 0 }]);
  });
});
