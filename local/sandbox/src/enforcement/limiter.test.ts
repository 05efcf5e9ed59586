import { describe, expect, it } from 'vitest';
import { createLimiter, type Limiter } from './limiter.ts';

const team = { key: 'team', tier: 'standard' } as const;
const rich = { key: 'rich', tier: 'premium' } as const;
const minute = 60_000;

const calls = (limiter: Limiter, count: number, account: typeof team | typeof rich, now = 0) =>
  Array.from({ length: count }, () => limiter.arrive(account, 'riders_single', now).decision.accepted);

describe('the limiter of upstream', () => {
  it('gives each key the limits of its tier', () => {
    const limiter = createLimiter('first-hit', {});
    expect(calls(limiter, 6, team)).toEqual([true, true, true, true, true, false]);
    expect(calls(limiter, 11, rich).lastIndexOf(true)).toBe(9);
  });

  it('counts each budget and each key by itself', () => {
    const limiter = createLimiter('first-hit', {});
    expect(limiter.arrive(team, 'clubs', 0).decision.accepted).toBe(true);
    expect(limiter.arrive(team, 'events', 0).decision.accepted).toBe(true);
    expect(limiter.arrive({ ...team, key: 'other' }, 'clubs', 0).decision.accepted).toBe(true);
    expect(limiter.arrive(team, 'clubs', 1).decision.accepted).toBe(false);
  });

  it('prefers an override to every tier', () => {
    const override = { limit: 2, windowMs: 10 * minute };
    const limiter = createLimiter('first-hit', { riders_single: override });
    expect(limiter.arrive(rich, 'riders_single', 0).policy).toEqual(override);
    expect(calls(limiter, 2, rich)).toEqual([true, false]);
  });

  it('applies a changed policy to what is already counted, and takes it back on request', () => {
    const limiter = createLimiter('first-hit', {});
    calls(limiter, 2, team);
    expect(limiter.changePolicies({ riders_single: { limit: 2, windowMs: 10 * minute } })).toEqual({
      riders_single: { limit: 2, windowMs: 10 * minute },
    });
    expect(calls(limiter, 1, team, 2 * minute)).toEqual([false]);
    expect(limiter.changePolicies({ riders_single: null })).toEqual({});
    expect(calls(limiter, 1, team, 3 * minute)).toEqual([true]);
  });

  it('forgets what it counted when it restarts and when it is to count in another way', () => {
    const limiter = createLimiter('first-hit', {});
    calls(limiter, 5, team);
    limiter.restart();
    expect(calls(limiter, 1, team)).toEqual([true]);
    calls(limiter, 9, team);
    limiter.enforce('clock-aligned');
    expect(calls(limiter, 5, team, minute - 1)).not.toContain(false);
    expect(calls(limiter, 5, team, minute)).not.toContain(false);
  });
});
