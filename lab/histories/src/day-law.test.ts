import { createAgenda } from '@paceline/kit/agenda';
import { createDice } from '@paceline/kit/dice';
import { createTestLimiter, settings, withUpstream } from '@paceline/limiter/core/testing';
import { upstreamSettings } from '@paceline/limiter/core/upstream';
import { windows } from '@paceline/limiter/core/views';
import { createVirtualClock } from '@paceline/shared/clock';
import type { Upstream } from '@paceline/shared/upstreams';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { describe, expect, it } from 'vitest';

const second = 1_000;
const minute = 60 * second;
const day = 24 * 60 * minute;

interface Load {
  readonly at: number;
  readonly endpoint: string;
  readonly lane: 'person' | 'background';
}

/** Requests at random times of a day. */
function spread(seed: number, number: number, each: Omit<Load, 'at'>): Load[] {
  const dice = createDice(seed, each.endpoint + each.lane);
  return Array.from({ length: number }, () => ({ ...each, at: dice.whole(0, day) }));
}

/** Runs a day of Strava's windows from midnight to midnight. @returns when each request came and started */
function runDay(load: readonly Load[]) {
  const { strava } = loadUpstreams({ UPSTREAMS: 'zwiftracing,strava' });
  const prepared = upstreamSettings(strava as Upstream, 'standard', createVirtualClock());
  const using = { ...withUpstream(prepared, settings), missedHeartbeatsAllowed: 1e9 };
  const limiter = createTestLimiter('read', using);
  limiter.pass(day - (limiter.now() % day));
  const midnight = limiter.now();
  const agenda = createAgenda(midnight);
  const dice = createDice(7, 'calls');
  const started: Array<Load & { startedAt: number }> = [];
  const syncClock = () => limiter.pass(agenda.now() - limiter.now());

  const call = (ticket: string, permit: string) => {
    const each = load[Number(ticket)] as Load;
    started.push({ ...each, startedAt: agenda.now() - midnight });
    limiter.start(permit, each.endpoint);
    agenda.in(dice.whole(200, 2 * second), () => {
      syncClock();
      use(limiter.settle(permit, undefined, each.endpoint));
    });
  };
  const use = ({ offers }: Pick<ReturnType<typeof limiter.take>, 'offers'>) => {
    for (const { offer } of offers) call(offer.ticket, offer.permit);
    const alarm = limiter.alarmIn();
    if (alarm !== undefined)
      agenda.in(alarm, () => {
        syncClock();
        if (limiter.alarmIn() === 0) use(limiter.take());
      });
  };
  for (const [index, { at, endpoint, lane }] of load.entries())
    agenda.in(at, () => {
      syncClock();
      const { reply, offers } = limiter.request(String(index), { endpoint, lane });
      if (reply.answer === 'granted') call(String(index), reply.permit);
      use({ offers });
    });
  agenda.runUntil(midnight + day);
  return { started, estimates: windows(limiter.ledger(), 'team', limiter.now()).estimates };
}

describe('a day of Strava’s limits at twice the demand', () => {
  const days = [1, 2, 3, 4].map((seed) =>
    runDay([
      ...spread(seed, 1_900, { endpoint: 'read', lane: 'background' }),
      ...spread(seed, 1_900, { endpoint: 'upload', lane: 'background' }),
      ...spread(seed, 40, { endpoint: 'read', lane: 'person' }),
    ]),
  );
  const each = days.map(({ started }) => started);

  it('is used to at least 99 %, until its last hundredth', () => {
    for (const started of each) {
      expect(started.length).toBeGreaterThanOrEqual(0.99 * 2_000);
      // Uploads take what they need of the calls that both count in.
      expect(started.filter(({ endpoint }) => endpoint === 'read').length).toBeGreaterThanOrEqual(
        0.98 * 1_000,
      );
      expect(Math.max(...started.map(({ startedAt }) => startedAt))).toBeGreaterThan(0.98 * day);
    }
  });

  it('never lets a forced request wait for it', () => {
    for (const started of each) {
      const forced = started.filter(({ lane }) => lane === 'person');
      expect(forced).toHaveLength(40);
      expect(Math.max(...forced.map(({ at, startedAt }) => startedAt - at))).toBeLessThan(minute);
    }
  });

  it('starts at least 95 % of the requests by their first estimate', () => {
    const sum = (of: 'kept' | 'missed') => days.reduce((total, { estimates }) => total + estimates[of], 0);
    expect(sum('kept') / (sum('kept') + sum('missed'))).toBeGreaterThanOrEqual(0.95);
  });
});
