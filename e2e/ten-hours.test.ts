import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import type { Judgement } from '@paceline/sandbox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Ten hours of project time in two real minutes. */
const scale = 300;
const hours = 10;

let stack: TestStack;

beforeAll(async () => {
  // At this speed, 200 real ms of jitter are a minute.
  stack = await startTestStack(oneEvening(scale), { SANDBOX_JITTER_MS: '0-200' });
});

afterAll(() => stack?.stop());

const now = async () => (await stack.control<{ now: number }>('/control/world')).now;

describe('ten hours of syncs and adds', () => {
  it('cause no rejection and exceed no window under any enforcement', async () => {
    const startedAt = await now();
    let added = 0;
    await eventually(async () => {
      added += 1;
      await stack.post('/v1/riders', JSON.stringify({ riderId: 4_900_000 + added }));
      expect((await now()) - startedAt).toBeGreaterThan(hours * 3_600_000);
    });
    const { judgements } = await stack.control<{ judgements: Judgement[] }>('/control/judgement');
    expect(judgements.map(({ budget }) => budget).toSorted()).toEqual([
      'clubs',
      'events',
      // Added riders are refreshed in bulk.
      'riders_bulk',
      'riders_single',
      'signups',
    ]);
    for (const { budget, policy, rejected, fullestWindow, wouldReject } of judgements) {
      expect(rejected, budget).toBe(0);
      expect(fullestWindow, budget).toBeLessThanOrEqual(policy.limit);
      expect(Object.values(wouldReject), budget).toEqual(Object.values(wouldReject).map(() => 0));
    }
    const runs = await stack.api.all('GET /v1/runs');
    expect(runs.filter(({ state }) => state === 'failed')).toEqual([]);
    expect(runs.filter(({ kind }) => kind === 'near').length).toBeGreaterThan(30);
  });
});
