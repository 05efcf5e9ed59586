import { windowOf } from '@paceline/shared/testing/fixtures';
import { zwiftracing } from '@paceline/shared/upstreams';
import { describe, expect, it } from 'vitest';
import { windowConditions } from './windows.ts';

const minute = 60_000;
const now = Date.UTC(2026, 2, 1, 12);

describe('calls of another program', () => {
  const foreign = (by: 'counter' | 'rejection') => ({
    foreign: { since: now - minute, lastAt: now, by, calls: [{ calls: 3, leavesAt: now + minute }] },
  });

  it('are one alert, with how many there are', () => {
    expect(
      windowConditions(zwiftracing(), [windowOf('clubs'), windowOf('events', foreign('counter'))], now),
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
    expect(windowConditions(zwiftracing(), [windowOf('events', foreign('rejection'))], now)).toEqual([]);
  });

  it('of another upstream are an alert of its own', () => {
    const strava = { ...zwiftracing(), name: 'strava', label: 'Strava' };
    expect(windowConditions(strava, [windowOf('events', foreign('counter'))], now)).toMatchObject([
      { key: 'foreign_use:strava', title: 'Another program uses the key of Strava' },
    ]);
  });
});
