import { describe, expect, it } from 'vitest';
import { notRunning, partNames, type PartReading } from './model.ts';
import { obstacleFor, partsOf } from './parts.ts';

const down = (...reasons: Array<[PartReading['part'], string]>) =>
  partsOf(
    partNames.map((part): PartReading => {
      const reason = reasons.find(([name]) => name === part)?.[1];
      return reason === undefined
        ? { part, state: 'up', sinceAt: 1 }
        : { part, state: 'down', reason, sinceAt: 2 };
    }),
  );

describe('a part that is down', () => {
  it('has a title, an effect with the reason, and advice', () => {
    const parts = down(
      ['broker', 'no answer'],
      ['rider-sync', notRunning],
      ['limiter', 'partitions: none owned'],
    );
    expect(parts.filter(({ state }) => state === 'down').map(({ title }) => title)).toEqual([
      'The broker does not answer',
      'The limiter is not ready',
      'No rider-sync is running',
    ]);
    expect(parts[0]).toMatchObject({
      reason: 'No slots open, no calls start and no commands are accepted. no answer.',
      advice: expect.stringContaining('NATS_URL'),
      since: 2,
    });
    expect(parts[1]).toEqual({
      part: 'database',
      state: 'up',
      since: 1,
      title: null,
      reason: null,
      advice: null,
    });
  });
});

describe('the obstacle of a service', () => {
  it('is the part that it needs, before its own absence', () => {
    const parts = down(['database', 'no answer'], ['event-sync', notRunning]);
    expect(obstacleFor(parts, 'event-sync')).toBe('The database does not answer');
    expect(obstacleFor(parts, 'scheduler')).toBeUndefined();
    expect(obstacleFor(down(['event-sync', notRunning]), 'event-sync')).toBe('No event-sync is running');
  });
});
