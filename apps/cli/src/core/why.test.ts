import type { EventDetail, Health, Queue, RunDetail, Schedule } from '@paceline/client';
import { at, budgetAt, exampleCommand, now } from '@paceline/client/testing';
import { kinds, mapValues } from '@paceline/shared/definition';
import { describe, expect, it } from 'vitest';
import { queueLines } from './limits.ts';
import { plain } from './look.ts';
import { explainCommand, explainEvent, explainRun, explanationLines, type Surroundings } from './why.ts';

const look = { width: 80, tableWidth: 80, paint: plain };
const waiting = (position: number, lane: 'manual_rider_add' | 'rider_sync') => ({
  requestId: `request-${position}`,
  position,
  lane,
  requestedAt: at(-2),
  waitedSeconds: 120,
  estimatedAt: at(position),
});
const queue: Queue = {
  at: at(0),
  waiting: 2,
  budgets: [
    {
      budget: 'riders_single',
      upstream: 'zwiftracing',
      label: 'Riders (single)',
      waiting: 2,
      lanes: [],
      requests: [waiting(1, 'manual_rider_add'), waiting(2, 'manual_rider_add')],
    },
  ],
};
const schedule = {
  kinds: mapValues(kinds, () => ({ mode: 'on' })),
  nextSlots: mapValues(kinds, () => [{ slotId: 's', opensAt: at(10), closesAt: at(20) }]),
  pausedUntil: mapValues(kinds, () => null),
} as unknown as Schedule;
const health = { parts: [] } as unknown as Health;
const around: Surroundings = {
  budgets: [budgetAt({ budget: 'riders_single', limit: 5 }), budgetAt({ budget: 'signups', freeAt: 0.5 })],
  queue,
  health,
  schedule,
  sources: [],
};

describe('why a request waits', () => {
  it('is its place in the queue, with what goes first and the rate limit', () => {
    const command = exampleCommand({
      state: 'waiting_in_line',
      position: 2,
      estimatedAt: at(2),
      requestedAt: at(-2),
    });
    expect(explanationLines(explainCommand(command, around, now), look)).toEqual([
      'Rider 4500001: number 2 in the queue, expected at 18:32:00 (in 2:00).',
      '',
      'requested   18:28:00 (2 min ago)',
      'expected    18:32:00 (in 2:00)',
      'ahead       1 request: add rider',
      'rate limit  Riders (single), 5 per minute (documented)',
      'calls       available now',
    ]);
  });

  it('is a pause, with the command that ends it', () => {
    const paused = budgetAt({ budget: 'riders_single', pausedUntil: { upstream: 10 } });
    const command = exampleCommand({ state: 'paused_by_upstream', until: at(10) });
    const { text, facts } = explainCommand(command, { ...around, budgets: [paused] }, now);
    expect(text).toBe('Rider 4500001: paused by ZwiftRacing until 18:40:00 (in 10:00).');
    expect(facts).toMatchObject({
      calls: 'paused for 10:00 by ZwiftRacing (429)',
      'to resume': 'paceline resume riders_single --by=upstream',
    });
  });

  it('is a part that is down, although the limiter cannot be read then', () => {
    const down = {
      part: 'limiter',
      state: 'down',
      title: 'No limiter is running',
      since: at(-1),
      reason: 'No calls start.',
      advice: 'Start it.',
    } as const;
    const command = exampleCommand({ state: 'waiting_for_service', reason: 'No limiter is running' });
    const unknown = { budgets: [], queue: undefined, schedule: undefined, sources: [] };
    const { facts } = explainCommand(
      command,
      { ...unknown, health: { parts: [down] } as unknown as Health },
      now,
    );
    expect(facts).toMatchObject({ limiter: 'No limiter is running since Thu 26 Nov 18:29:00. Start it.' });
  });

  it('is over when it has finished', () => {
    const command = exampleCommand({ state: 'done', requestedAt: at(-2), finishedAt: at(-1) });
    expect(explainCommand(command, around, now)).toEqual({
      text: 'Rider 4500001: added.',
      facts: { requested: '18:28:00 (2 min ago)', finished: 'Thu 26 Nov 18:29:00', took: '1 min' },
    });
  });
});

it('why an event is refreshed when it is: its class and goal, the sync, and a source that this key may not use', () => {
  const event = {
    eventId: '7',
    title: 'Evening Race',
    startsAt: at(40),
    delistedAt: null,
    signupsFetchedAt: at(-70),
    ours: 2,
    freshness: { class: 'near', goalSeconds: 3_600, withinGoal: false, nextRefreshAt: at(10) },
  } as EventDetail;
  const source = { source: 'signups', state: 'unavailable', reason: '403: forbidden' };
  const surroundings = {
    ...around,
    schedule: { ...schedule, pausedUntil: { ...schedule.pausedUntil, near: at(10) } },
    sources: [source as Surroundings['sources'][number]],
  };
  const next = {
    reason: 'older_than_goal',
    plannedAt: at(10),
    freshUntil: at(40),
    startsAt: at(40),
  } as Parameters<typeof explainEvent>[1];
  expect(explainEvent(event, next, surroundings, now)).toEqual({
    text: 'Evening Race: Signups fetched 70 min ago, goal: at most 60 min old (not met). Planned for 18:40, fresh until the start (copy older than the goal).',
    facts: {
      starts: 'Thu 26 Nov 19:10:00 (in 40:00)',
      class: 'Within the hour',
      goal: 'at most 60 min old',
      signups: 'fetched at 17:20:00 (70 min ago)',
      'our riders': '2',
      'next refresh': '18:40:00 (in 10:00)',
      'near sync': 'paused until 18:40:00, next slot 18:40:00',
      'rate limit': 'Signups, 1 per minute (documented)',
      calls: 'available in 0:30',
      source: 'signups unavailable: 403: forbidden',
    },
  });
});

it('why a run is not further: the call that it waits for', () => {
  const run = {
    runId: 'run-1',
    kind: 'rider',
    state: 'running',
    mode: 'on',
    slot: { slotId: 's', opensAt: at(-5), closesAt: at(5) },
    startedAt: at(-5),
    finishedAt: null,
    counts: { planned: 2, synced: 1, failed: 0, deferred: 0, stored: 60 },
    unreadable: { count: 0, ids: [] },
    waitingFor: { budget: 'signups', until: at(0.5) },
    reason: null,
  } as unknown as RunDetail;
  expect(explainRun(run, around, now)).toMatchObject({
    text: 'Rider sync runs: 1 of 2 clubs synced, waiting for Signups, expected at 18:30:30.',
    facts: { took: '5 min', 'waits for': 'Signups until 18:30:30', calls: 'available in 0:30' },
  });
});

it('the queue lists the requests of each rate limit in order', () => {
  expect(queueLines(queue, now, look).map((line) => line.replaceAll(/ {2,}/g, '  '))).toEqual([
    'rate limit  number  for  waited  expected',
    'Riders (single)  1  add rider  2 min  18:31:00 (in 1:00)',
    'Riders (single)  2  add rider  2 min  18:32:00 (in 2:00)',
  ]);
});
