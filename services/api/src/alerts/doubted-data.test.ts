import { describe, expect, it } from 'vitest';
import { someSettings } from '../testing/rows.ts';
import { doubtedLists, unreadableSchedule } from './rules.ts';

const now = Date.UTC(2026, 2, 1, 12);

it('a stored schedule that cannot be read is a condition', () => {
  const inForce = {
    answer: 'in_force' as const,
    schedule: { version: 7, settings: someSettings, changed: true, since: 0, next: {} as never },
  };
  expect(unreadableSchedule(inForce, now)).toEqual([]);
  const schedule = { ...inForce.schedule, problem: 'is not JSON' };
  expect(unreadableSchedule({ ...inForce, schedule }, now)).toMatchObject([
    {
      key: 'doubted_data:schedule',
      type: 'doubted_data',
      title: 'Stored schedule unreadable',
      why: 'Version 7 cannot be read: is not JSON. The last readable schedule is in force, or the configured one.',
    },
  ]);
});

describe('doubtedLists', () => {
  it('says which response lacks how many items, and that they are kept', () => {
    const at = Date.UTC(2026, 2, 1, 12);
    const doubt = { since: at, lastAt: at, known: 120, present: 0 };
    expect(
      doubtedLists([
        { subject: 'club:20650', ...doubt },
        { subject: 'events:upcoming', ...doubt },
      ]),
    ).toMatchObject([
      {
        key: 'doubted_data:club:20650',
        type: 'doubted_data',
        title: 'Response for club 20650 lacks most members',
        why: expect.stringContaining('has 0 of 120 stored members. None is removed'),
        since: at,
      },
      { key: 'doubted_data:events:upcoming', title: 'Response for the event list lacks most events' },
    ]);
  });
});
