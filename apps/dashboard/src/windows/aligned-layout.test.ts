import type { Budget } from '@paceline/client';
import { at, budgetAt, now, waitingRequest } from '@paceline/client/testing';
import { describe, expect, it } from 'vitest';
import { type AlignedBudget, layoutAligned } from './aligned-layout.ts';

/** From 18:00 to 19:00, at 18:30: ten pixels per minute, and one per call. */
const layout = (given: Partial<Budget> = {}, times: Parameters<typeof budgetAt>[0] = {}) => {
  const budget: Budget = {
    ...budgetAt({ limit: 100, windowSeconds: 3_600, ...times }),
    aligned: { from: at(-30), until: at(30), pace: null },
    ...given,
  };
  return layoutAligned(budget as AlignedBudget, now, 600, 100);
};
const permits = (...starts: number[]) => starts.map((start) => ({ start, leaves: 30, settled: true }));

describe('a window that resets at fixed times', () => {
  it('spans from one reset to the next', () => {
    const { nowX, labels } = layout();
    expect(nowX).toBe(300);
    expect(labels).toEqual([
      { x: 0, label: '18:00' },
      { x: 300, label: 'now' },
      { x: 600, label: '19:00' },
    ]);
  });

  it('adds up its calls, those that are not listed included', () => {
    const earlier = [{ at: at(-25), lane: 'rider_sync', calls: 40 }];
    const { area, ticks } = layout({ earlier }, { permits: permits(-10, -5) });
    expect(area).toBe('M0 100H50V60H200V59H250V58H300V100Z');
    expect(ticks).toEqual([
      { lane: 'rider_sync', x: 50 },
      { lane: 'near_event_normal', x: 200 },
      { lane: 'near_event_normal', x: 250 },
    ]);
  });

  it('puts the calls of other programs on top of ours', () => {
    const foreign = { since: at(-12), lastAt: at(-6), calls: [{ calls: 30, leavesAt: at(30) }] };
    expect(layout({ foreign, used: 32 }, { permits: permits(-10, -5) }).foreign).toEqual({
      x: 180,
      y: 68,
      height: 30,
    });
    expect(layout({}, { permits: permits(-10) }).foreign).toBeUndefined();
  });

  it('continues with the waiting requests that are expected before its reset', () => {
    const waiting = [waitingRequest('a', 10), waitingRequest('b', 20), waitingRequest('c', 40)];
    expect(layout({}, { permits: permits(-5), waiting }).expected).toBe('M300 99H400V98H500V97');
  });

  it('rises with its pace to the reserve, if it is paced', () => {
    const aligned = { from: at(-30), until: at(30), pace: 40 };
    expect(layout({ aligned, reserve: 20 })).toMatchObject({
      pace: { y1: 100, y2: 20 },
      reserve: { y: 0, height: 20 },
    });
    expect(layout({ reserve: 20 }).pace).toBeUndefined();
  });

  it('has room for more calls than the limit', () => {
    expect(layout({}, { limit: 2, permits: permits(-9, -8, -7, -6) }).area).toContain('V0H300');
  });
});
