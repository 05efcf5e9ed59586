import { budgets } from '@paceline/shared/definition';
import type { Waiting } from '@paceline/shared/limiter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideWay, overdueFrom, type Standing } from './way.ts';

const now = Date.parse('2026-02-01T12:00:00Z');
const second = 1_000;
const minute = 60 * second;

const waitingUntil = (estimatedAt: number): Waiting => ({
  answer: 'waiting',
  position: 1,
  ahead: 0,
  reason: 'waiting_for_window',
  estimatedAt,
  askAgainIn: 1_500,
});
const standing = (known: Partial<Standing>): Standing => ({
  single: undefined,
  singleRefused: undefined,
  bulk: undefined,
  taken: false,
  deadline: now + 5 * minute,
  ...known,
});
const decide = (known: Partial<Standing>) => decideWay(standing(known), now);

describe('a rider who is waited for', () => {
  it('wants no bulk call while a GET would be answered before one that leaves now', () => {
    const single = waitingUntil(now + 47 * second);
    expect(decide({ single })).toEqual({
      wantsBulk: false,
      tell: { state: 'waiting_for_window', until: now + 47 * second, via: 'single' },
    });
  });

  it('wants one as soon as that would be answered first, and is told of the GET until more is known', () => {
    const single = waitingUntil(now + 62 * second);
    expect(decide({ single })).toMatchObject({ wantsBulk: true, tell: { via: 'single' } });
  });

  it('is told of the way that is answered first, not of the one that leaves first', () => {
    const single = waitingUntil(now + 62 * second);
    const soon = decide({ single, bulk: waitingUntil(now + 10 * second) });
    expect(soon.tell).toEqual({ state: 'waiting_for_window', until: now + 10 * second, via: 'bulk' });
    const leavesFirst = decide({ single, bulk: waitingUntil(now + 20 * second) });
    expect(leavesFirst.tell).toMatchObject({ via: 'single' });
  });

  it('whom no GET reaches in time waits for the bulk call that can', () => {
    const singleRefused = now + 8 * minute;
    expect(decide({ singleRefused })).toEqual({ wantsBulk: true });
    expect(decide({ singleRefused, bulk: waitingUntil(now + minute) })).toEqual({
      wantsBulk: true,
      tell: { state: 'waiting_for_window', until: now + minute, via: 'bulk' },
    });
  });

  it('is refused when both ways are closed for too long, with the first time that could', () => {
    const bulk = waitingUntil(now + 14 * minute);
    expect(decide({ singleRefused: now + 8 * minute, bulk }).refuse).toBe(now + 8 * minute);
    expect(decide({ singleRefused: now + 20 * minute, bulk }).refuse).toBe(now + 14 * minute);
  });

  it('that a bulk call has taken along is told so, whatever else is known', () => {
    expect(decide({ taken: true, singleRefused: now, bulk: waitingUntil(now + 14 * minute) })).toEqual({
      wantsBulk: true,
      tell: { state: 'running', via: 'bulk' },
    });
  });

  it('asks for a GET again once its bulk call takes much longer than usual', () => {
    expect(overdueFrom(now)).toBeGreaterThan(now + budgets.riders_bulk.usualMs);
    expect(overdueFrom(now)).toBeLessThan(now + 2 * budgets.riders_bulk.usualMs);
  });
});

describe('the law of the two ways', () => {
  const moment = fc.integer({ min: 0, max: 20 * minute }).map((ms) => now + ms);
  const line = fc.option(moment.map(waitingUntil), { nil: undefined });
  const anyStanding = fc.record({
    single: line,
    singleRefused: fc.option(moment, { nil: undefined }),
    bulk: line,
    taken: fc.boolean(),
    deadline: moment,
  });

  it('nobody is refused whom either way can serve in time, and whoever is told is told of an open way', () => {
    fc.assert(
      fc.property(anyStanding, (known) => {
        const { refuse, tell } = decideWay(known, now);
        const bulkInTime = known.bulk !== undefined && known.bulk.estimatedAt <= known.deadline;
        if (refuse !== undefined) {
          expect(known.taken).toBe(false);
          expect(known.singleRefused).toBeDefined();
          expect(bulkInTime).toBe(false);
          expect(tell).toBeUndefined();
        }
        if (tell && 'via' in tell && tell.via === 'single') expect(known.singleRefused).toBeUndefined();
      }),
    );
  });

  it('whoever is told of a way is told of no later answer than the other way has', () => {
    fc.assert(
      fc.property(moment, moment, (getAt, bulkAt) => {
        const { tell } = decide({ single: waitingUntil(getAt), bulk: waitingUntil(bulkAt) });
        const single = getAt + budgets.riders_single.usualMs;
        const bulk = bulkAt + budgets.riders_bulk.usualMs;
        const told = tell && 'via' in tell && tell.via === 'bulk' ? bulk : single;
        expect(told).toBe(Math.min(single, bulk));
      }),
    );
  });
});
