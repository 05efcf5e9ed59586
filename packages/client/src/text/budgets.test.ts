import { describe, expect, it } from 'vitest';
import type { Command } from '../generated.ts';
import { at, budgetAt, now, waitingRequest } from '../testing/examples.ts';
import { availability, nextInQueue, policyText, summary } from '../text.ts';

describe('whether a call may leave', () => {
  it('is said in a word when it may', () => {
    expect(availability(budgetAt({}), now)).toEqual({ state: 'free', text: 'free now' });
  });

  it('is counted down when it may not', () => {
    expect(availability(budgetAt({ freeAt: 4.2 }), now).text).toBe('free in 4:12');
  });

  it('is said of the longest pause, and of who made it', () => {
    const paused = budgetAt({ freeAt: 1, pausedUntil: { upstream: 2, operator: 1 } });
    expect(availability(paused, now)).toEqual({
      state: 'closed',
      text: 'paused for 2:00',
      reason: 'upstream asked for it (429)',
    });
  });
});

describe('who goes next', () => {
  const command = (riderId: number, expected: number) => ({ riderId, estimatedAt: at(expected) }) as Command;
  const line = budgetAt({
    waiting: [waitingRequest('a', 4, -1, 'manual_rider_add'), waitingRequest('b', 5)],
  });

  it('is a lane, and how many come after', () => {
    expect(nextInQueue(line, [])).toBe('next: add rider, 1 more after');
    expect(nextInQueue(budgetAt({}), [])).toBe('nobody waits');
  });

  it('is a rider by name when one command alone is expected at that moment', () => {
    expect(nextInQueue(line, [command(1_234, 4), command(99, 9)])).toBe('next: add rider 1234, 1 more after');
    expect(nextInQueue(line, [command(1_234, 4), command(99, 4)])).toBe('next: add rider, 1 more after');
  });
});

it('a policy says by whose word it is kept, and what the vendor says beside', () => {
  const documented = budgetAt({ limit: 1, windowSeconds: 3_600 });
  expect(policyText(documented)).toBe('1 per 60 min, as documented');
  const learned = {
    ...documented,
    policy: { limit: 1, windowSeconds: 7_200, from: 'upstream' as const, since: at(0) },
  };
  expect(policyText(learned)).toBe('1 per 2 h, as upstream says since 18:30:00 (documented: 1 per 60 min)');
});

it('all windows are summed up in one sentence', () => {
  expect(summary([budgetAt({}), budgetAt({ freeAt: 3 })], now)).toBe(
    '1 of 2 windows have a call free now. Nobody waits.',
  );
  const line = budgetAt({ freeAt: 3, waiting: [waitingRequest('a', 3)] });
  expect(summary([line], now)).toBe(
    '0 of 1 windows have a call free now. 1 waits; near event goes first, in 3:00.',
  );
});
