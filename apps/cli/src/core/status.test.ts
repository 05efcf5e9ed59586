import { describe, expect, it } from 'vitest';
import type { Health, Part, Schedule } from '@paceline/client';
import { at, exampleBudget, now } from '@paceline/client/testing';
import { kinds, mapValues } from '@paceline/shared/definition';
import { type TextStyle, plain } from './look.ts';
import { type Status, statusLines } from './windows.ts';

const slots = { opens: 'every 15m', duration: '10m', skip: '', catchUp: 'skip' };
const opens = [{ slotId: 'slot', opensAt: at(10), closesAt: at(20) }];
const schedule: Schedule = {
  version: 2,
  problem: null,
  from: 'changed',
  since: at(-1),
  timeZone: 'UTC',
  kinds: {
    ...mapValues(kinds, () => ({ ...slots, mode: 'on' as const })),
    far: { ...slots, mode: 'observed' },
    results: { ...slots, mode: 'off' },
  },
  pausedUntil: { ...mapValues(kinds, () => null), near: at(60) },
  nextSlots: { ...mapValues(kinds, () => opens), results: [] },
};
const up: Part = { part: 'limiter', state: 'up', since: at(-9), title: null, reason: null, advice: null };
const down: Part = {
  ...up,
  state: 'down',
  since: at(-1),
  title: 'No limiter is running',
  reason: 'No calls start.',
  advice: 'Start it.',
};
const durable: Health['durability'] = { sync: 'always', title: null, reason: null, advice: null };
const health: Health = { at: at(0), healthy: true, parts: [up], durability: durable };
const status: Status = {
  health,
  clock: { now: at(0), scale: 60 },
  budgets: { value: { items: [exampleBudget()], next: null, estimates: { kept: 0, missed: 0 } } },
  queue: {
    value: {
      at: at(0),
      waiting: 19,
      budgets: [
        {
          budget: 'signups',
          upstream: 'zwiftracing',
          label: 'Signups',
          waiting: 2,
          lanes: [{ lane: 'far_event_sync', waiting: 2 }],
          requests: [],
        },
        {
          budget: 'riders_single',
          upstream: 'zwiftracing',
          label: 'Riders (single)',
          waiting: 17,
          lanes: [{ lane: 'manual_rider_add', waiting: 17 }],
          requests: [],
        },
      ],
    },
  },
  alerts: { value: { items: [], next: null } },
  commands: { value: { items: [], next: null } },
  schedule: { value: schedule },
};
const look = (width: number): TextStyle => ({ width, tableWidth: width, paint: plain });

describe('the status', () => {
  it('shows the time, the queue by lane, and the state of each sync', () => {
    const lines = statusLines(status, now, look(80));
    expect(lines[0]).toBe('Paceline  Thu 26 Nov 18:30:00 UTC, 60× real time');
    expect(lines).toContain('Queue    add rider: 17 · far sync: 2');
    expect(lines).toContain(
      'Syncs    rider at 18:40 · near paused until 19:30 · far observed · results off (schedule changed at runtime)',
    );
    expect(lines).toContain('Alerts   none');
  });

  it('shows the rest when one service is not responding', () => {
    const unavailable = { error: 'The scheduler is not responding' };
    const lines = statusLines({ ...status, schedule: unavailable }, now, look(80));
    expect(lines).toContain(unavailable.error);
    expect(lines).toContain('Alerts   none');
  });

  it('begins with what is down, since when and what to do, and says it once', () => {
    const broken = { ...health, healthy: false, parts: [down] };
    const error = { error: 'No limiter is running' };
    const lines = statusLines({ ...status, health: broken, budgets: error, queue: error }, now, look(80));
    expect(lines.slice(1, 4)).toEqual([
      'No limiter is running (since Thu 26 Nov 18:29:00)',
      '  No calls start.',
      '  → Start it.',
    ]);
    expect(lines).toContain('Calls    unknown');
    expect(lines).toContain('Queue    unknown');
    expect(lines.filter((line) => line.includes('limiter'))).toHaveLength(1);
  });

  it('says that a power cut can lose something', () => {
    const durability = {
      sync: 'interval',
      title: 'A power cut loses',
      reason: 'Why.',
      advice: 'Do.',
    } as const;
    const risky = { ...health, durability };
    expect(statusLines({ ...status, health: risky }, now, look(80)).slice(1, 4)).toEqual([
      'A power cut loses',
      '  Why.',
      '  → Do.',
    ]);
  });

  it('wraps its legend to the width of the screen', () => {
    const lines = statusLines(status, now, look(40)).slice(-4);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
    expect(lines.join('\n')).toContain('f far sync');
  });
});
