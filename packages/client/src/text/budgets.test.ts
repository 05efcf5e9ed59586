import { describe, expect, it } from 'vitest';
import type { Budget, Command } from '../generated.ts';
import { at, budgetAt, exampleBudget, now, waitingRequest } from '../testing/examples.ts';
import { availability, foreignText, nextInQueue, policyText, summary, usageText } from '../text.ts';

describe('availability', () => {
  it('is "available now" when a call can start', () => {
    expect(availability(budgetAt({}), now)).toEqual({ state: 'free', text: 'available now' });
  });

  it('is for forced lanes only while the rest is reserved for them, or ahead of the pace', () => {
    const policy = { limit: 10, windowSeconds: 900, from: 'documented', since: null } as const;
    const of = (known: Partial<Budget>) => availability(exampleBudget({ policy, ...known }), now).reason;
    const aligned = { from: at(-5), until: at(10), pace: 3 };
    expect(of({ used: 8, reserve: 2 })).toBe('for forced lanes only');
    expect(of({ used: 7, reserve: 2 })).toBeUndefined();
    expect(of({ used: 3, aligned })).toBe('for forced lanes only');
    expect(of({ used: 2, aligned })).toBeUndefined();
    expect(of({ used: 0, reserve: 1, policy: { ...policy, limit: 1 } })).toBeUndefined();
  });

  it('counts down to the next call', () => {
    expect(availability(budgetAt({ freeAt: 4.2 }), now).text).toBe('available in 4:12');
  });

  it('names the longest pause and its cause', () => {
    const paused = budgetAt({ freeAt: 1, pausedUntil: { upstream: 2, operator: 1 } });
    expect(availability(paused, now)).toEqual({
      state: 'closed',
      text: 'paused for 2:00',
      reason: 'by ZwiftRacing (429)',
    });
  });
});

describe('the next request in the queue', () => {
  const command = (riderId: number, expected: number) => ({ riderId, estimatedAt: at(expected) }) as Command;
  const budget = budgetAt({
    waiting: [waitingRequest('a', 4, -1, 'manual_rider_add'), waitingRequest('b', 5)],
  });

  it('is shown by lane, with the number of requests behind it', () => {
    expect(nextInQueue(budget, [])).toBe('next: add rider, then 1 more');
    expect(nextInQueue(budgetAt({}), [])).toBe('queue empty');
  });

  it('names the rider when exactly one command is expected at that time', () => {
    expect(nextInQueue(budget, [command(1_234, 4), command(99, 9)])).toBe(
      'next: add rider 1234, then 1 more',
    );
    expect(nextInQueue(budget, [command(1_234, 4), command(99, 4)])).toBe('next: add rider, then 1 more');
  });
});

it('a policy shows where its limit comes from, and the documented limit where it differs', () => {
  const documented = budgetAt({ limit: 1, windowSeconds: 3_600 });
  expect(policyText(documented, now)).toBe('1 per 60 min (documented)');
  const learned = {
    ...documented,
    policy: { limit: 1, windowSeconds: 7_200, from: 'upstream' as const, since: at(0) },
  };
  expect(policyText(learned, now)).toBe(
    '1 per 2 h, reported by ZwiftRacing since 18:30:00 (documented: 1 per 60 min)',
  );
  expect(policyText(learned, now + 24 * 60 * 60_000)).toContain('since Thu 26 Nov 18:30:00');
  const advertised = { limit: 3_000, windowSeconds: 900 };
  expect(policyText({ ...documented, advertised }, now)).toBe(
    '1 per 60 min (documented; headers advertise 3000 per 15 min)',
  );
});

it('the summary covers all budgets in one line', () => {
  expect(summary([budgetAt({}), budgetAt({ freeAt: 3 })], now)).toBe(
    'Calls available on 1 of 2 rate limits. No requests waiting.',
  );
  const busy = budgetAt({ freeAt: 3, waiting: [waitingRequest('a', 3)] });
  expect(summary([busy], now)).toBe(
    'Calls available on 0 of 1 rate limit. 1 request waiting; next: near sync in 3:00.',
  );
});

describe('a window that resets at fixed times', () => {
  const day = budgetAt({ limit: 1_000, windowSeconds: 86_400 });
  const aligned = { from: at(-1_110), until: at(330), pace: null };

  it('shows how much of it is used, and when it resets', () => {
    expect(usageText({ ...day, aligned, used: 312 }, now)).toBe(
      '312 of 1000 used, resets at Fri 27 Nov 00:00',
    );
    expect(usageText(day, now)).toBeUndefined();
  });

  it('shows how far scheduled calls may go by now', () => {
    expect(usageText({ ...day, aligned: { ...aligned, pace: 742 }, used: 312 }, now)).toBe(
      '312 of 1000 used, unforced lanes up to 742 by now, resets at Fri 27 Nov 00:00',
    );
  });
});

it('calls of other programs are counted while they count, and named a while longer', () => {
  const since = { since: at(-28), lastAt: at(-3) };
  const counts = {
    ...since,
    calls: [
      { calls: 2, leavesAt: at(2) },
      { calls: 1, leavesAt: at(9) },
    ],
  };
  expect(foreignText({ ...budgetAt({}), foreign: counts }, now)).toBe(
    '3 calls by other programs with this key, seen since 18:02',
  );
  expect(foreignText({ ...budgetAt({}), foreign: { ...since, calls: [] } }, now)).toBe(
    'another program used this key until 18:27',
  );
  expect(foreignText(budgetAt({}), now)).toBeUndefined();
});
