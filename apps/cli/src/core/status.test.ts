import { describe, expect, it } from 'vitest';
import type { Schedule } from '@paceline/client';
import { at, exampleBudget, now } from '@paceline/client/testing';
import { kinds, mapValues } from '@paceline/shared/definition';
import { type Look, plain } from './look.ts';
import { type Status, statusLines } from './windows.ts';

const slots = { opens: 'every 15m', duration: '10m', skip: '', catchUp: 'skip' };
const opens = [{ id: 'slot', opensAt: at(10), endsAt: at(20) }];
const schedule: Schedule = {
  version: 2,
  from: 'changed',
  since: at(-1),
  timeZone: 'UTC',
  kinds: {
    ...mapValues(kinds, () => ({ ...slots, mode: 'on' as const })),
    far: { ...slots, mode: 'observed' },
    results: { ...slots, mode: 'off' },
  },
  next: { ...mapValues(kinds, () => opens), results: [] },
};
const status: Status = {
  clock: { now: at(0), scale: 60 },
  budgets: { is: { items: [exampleBudget()], next: null, estimates: { kept: 0, missed: 0 } } },
  queue: {
    is: {
      at: at(0),
      waiting: 19,
      budgets: [
        { budget: 'signups', waiting: 2, lanes: [{ lane: 'far_event_sync', waiting: 2 }], tickets: [] },
        {
          budget: 'riders_single',
          waiting: 17,
          lanes: [{ lane: 'manual_rider_add', waiting: 17 }],
          tickets: [],
        },
      ],
    },
  },
  alerts: { is: { items: [], next: null } },
  commands: { is: { items: [], next: null } },
  schedule: { is: schedule },
};
const look = (width: number): Look => ({ width, paint: plain });

describe('the status', () => {
  it('says the time there, who waits by lane, and which syncs are not as usual', () => {
    const lines = statusLines(status, now, look(80));
    expect(lines[0]).toBe('Paceline  Thu 26 Nov 18:30:00 UTC, 60 times faster than yours');
    expect(lines).toContain('In line  17 add rider · 2 far event');
    expect(lines).toContain(
      'Syncs    rider at 18:40 · near at 18:40 · far observed · results off (schedule changed by hand)',
    );
    expect(lines).toContain('Alerts   none');
  });

  it('shows what there is when a part is away', () => {
    const away = { away: 'The scheduler does not answer' };
    const lines = statusLines({ ...status, schedule: away }, now, look(80));
    expect(lines).toContain(away.away);
    expect(lines).toContain('Alerts   none');
  });

  it('explains its marks in no more room than there is', () => {
    const lines = statusLines(status, now, look(40)).slice(-4);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
    expect(lines.join('\n')).toContain('f far event');
  });
});
