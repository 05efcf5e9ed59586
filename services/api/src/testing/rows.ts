import { kinds, mapValues } from '@paceline/shared/definition';
import type { ScheduleSettings, SlotSettings } from '@paceline/shared/contracts';
import type { tables } from '@paceline/shared/database';

type Insert<Table extends keyof typeof tables> = (typeof tables)[Table] extends { $inferInsert: infer Row }
  ? Row
  : never;

/** The default time of all rows. */
export const someTime = Date.parse('2026-03-01T12:00:00.000Z');

export const riderRow = (riderId: number, overrides: Partial<Insert<'riders'>> = {}): Insert<'riders'> => ({
  riderId,
  name: `Rider ${riderId}`,
  raw: { riderId },
  firstSeenAt: someTime,
  fetchedAt: someTime,
  ...overrides,
});

export const eventRow = (eventId: string, overrides: Partial<Insert<'events'>> = {}): Insert<'events'> => ({
  eventId,
  title: `Event ${eventId}`,
  startsAt: someTime,
  raw: { eventId },
  firstSeenAt: someTime,
  fetchedAt: someTime,
  ...overrides,
});

const penRow = (eventId: string, riderId: number) => ({
  eventId,
  riderId,
  name: `Rider ${riderId}`,
  pen: 'B',
  raw: {},
  firstSeenAt: someTime,
  lastSeenAt: someTime,
});

export const signupRow = (eventId: string, riderId: number, overrides: Partial<Insert<'signups'>> = {}) => ({
  ...penRow(eventId, riderId),
  ...overrides,
});

export const resultRow = (eventId: string, riderId: number, overrides: Partial<Insert<'results'>> = {}) => ({
  ...penRow(eventId, riderId),
  ...overrides,
});

export const runRow = (runId: string, overrides: Partial<Insert<'syncRuns'>> = {}): Insert<'syncRuns'> => ({
  runId,
  kind: 'near',
  slotId: `slot:near:${runId}`,
  scheduledFor: someTime,
  slotEndsAt: someTime + 720_000,
  state: 'done',
  startedAt: someTime,
  finishedAt: someTime + 60_000,
  counts: { planned: 3, synced: 2, failed: 0, deferred: 1, stored: 60 },
  ...overrides,
});

export const callRow = (runId: string, overrides: Partial<Insert<'syncLogs'>> = {}): Insert<'syncLogs'> => ({
  runId,
  endpoint: 'signups',
  target: '5230192',
  status: 200,
  message: 'ok',
  startedAt: someTime,
  durationMs: 321,
  ...overrides,
});

export const commandRow = (
  commandId: string,
  overrides: Partial<Insert<'commands'>> = {},
): Insert<'commands'> => ({
  commandId,
  type: 'add-rider',
  riderId: 4_500_001,
  progress: { state: 'running' },
  requestedAt: someTime,
  publishedAt: someTime,
  updatedAt: someTime,
  ...overrides,
});

const slots: SlotSettings = {
  mode: 'on',
  opens: '10,25,40,55 * * * *',
  durationMs: 600_000,
  skip: '',
  catchUp: 'skip',
};

/** A schedule with the same slots for all kinds. */
export const someSettings: ScheduleSettings = {
  timeZone: 'UTC',
  kinds: mapValues(kinds, () => slots),
};
