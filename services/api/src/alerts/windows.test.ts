import { windowOf } from '@paceline/shared/testing/fixtures';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { describe, expect, it } from 'vitest';
import { windowConditions } from './windows.ts';

const { zwiftracing } = loadUpstreams({});
const minute = 60_000;
const now = Date.UTC(2026, 2, 1, 12);

describe('calls of another program', () => {
  const foreign = (by: 'counter' | 'rejection') => ({
    foreign: { since: now - minute, lastAt: now, by, calls: [{ calls: 3, leavesAt: now + minute }] },
  });

  it('are one alert, with how many there are', () => {
    expect(
      windowConditions(zwiftracing, [windowOf('clubs'), windowOf('events', foreign('counter'))], now),
    ).toMatchObject([
      {
        key: 'foreign_use',
        title: 'Another program uses the key of ZwiftRacing',
        why: 'ZwiftRacing counts more calls than Paceline has made (events 3). Paceline makes as many fewer.',
        since: now - minute,
      },
    ]);
  });

  it('that a 429 has shown are the alert of that 429', () => {
    expect(windowConditions(zwiftracing, [windowOf('events', foreign('rejection'))], now)).toEqual([]);
  });

  it('of another upstream are an alert of its own', () => {
    const strava = { ...zwiftracing, name: 'strava', label: 'Strava' };
    expect(windowConditions(strava, [windowOf('events', foreign('counter'))], now)).toMatchObject([
      { key: 'foreign_use:strava', title: 'Another program uses the key of Strava' },
    ]);
  });
});

describe('the lanes of another upstream', () => {
  const lane = (label: string, forced: boolean) => ({
    label,
    forced,
    color: 'teal' as const,
    headStartMs: 0,
    sync: undefined,
  });
  const lanes = {
    person: lane('person', true),
    export: lane('export', false),
    backup: lane('backup', false),
  };
  const weather = { ...zwiftracing, name: 'weather', label: 'Weather', lanes };
  const waiting = (name: string, minutes: number) => {
    const requestedAt = now - minutes * minute;
    const next = [{ ticket: 't', lane: name, requestedAt, estimatedAt: now }];
    return { waiting: { count: 1, next } };
  };

  it('that are forced may wait as long as those of the syncs that are', () => {
    expect(windowConditions(weather, [windowOf('events', waiting('person', 6))], now)).toMatchObject([
      { key: 'long_queue:weather', why: expect.stringContaining('person request for weather:events') },
    ]);
    expect(windowConditions(weather, [windowOf('events', waiting('backup', 6))], now)).toEqual([]);
  });

  it('are in conflict as programs, which have no slots', () => {
    const call = { permit: 'p', lane: 'export', startedAt: now - minute, settled: true, leavesAt: now };
    const window = windowOf('events', { ...waiting('backup', 7), permits: [call] });
    expect(windowConditions(weather, [window], now)).toMatchObject([
      {
        title: 'Conflict: export calls delay backup calls',
        why: expect.stringContaining('rate limit for weather:events'),
        todo: 'Check which programs make these calls: GET /v1/permits.',
      },
    ]);
  });
});
