import type { Queue, Schedule } from '@paceline/client';
import { at, minute, now } from '@paceline/client/testing';
import { expect, it } from 'vitest';
import { nextSlots, waitingByLane } from './activity.ts';

it('waiting requests are counted by lane, with the longest wait and the first expected time', () => {
  const request = (lane: string, requested: number, estimated: number) => ({
    lane,
    requestedAt: at(requested),
    estimatedAt: at(estimated),
  });
  const queue = {
    budgets: [
      { requests: [request('far_event_sync', -4, 9), request('manual_rider_add', -1, 2)] },
      { requests: [request('manual_rider_add', -3, 5)] },
    ],
  } as Queue;
  expect(waitingByLane(queue, now)).toEqual([
    { lane: 'manual_rider_add', count: 2, longestMs: 3 * minute, firstAt: now + 2 * minute },
    { lane: 'far_event_sync', count: 1, longestMs: 4 * minute, firstAt: now + 9 * minute },
  ]);
});

it('the next slots are soonest first, kinds without slots are last, and paused kinds are known', () => {
  const slots = (opensAt: string) => [{ slotId: opensAt, opensAt, closesAt: opensAt }];
  const schedule = {
    nextSlots: { rider: slots(at(90)), near: slots(at(5)), far: [], results: slots(at(30)) },
    pausedUntil: { rider: at(60), near: at(-1), far: null, results: null },
  } as unknown as Schedule;
  const next = nextSlots(schedule, now);
  expect(next.map(({ kind }) => kind)).toEqual(['near', 'results', 'rider', 'far']);
  expect(next.filter(({ isPaused }) => isPaused).map(({ kind }) => kind)).toEqual(['rider']);
});
