import { setTimeout as sleep } from 'node:timers/promises';
import { type LimiterProcess, type Rig, startRig } from '@paceline/kit/rig';
import { type BudgetName, budgetNames } from '@paceline/shared/definition';
import { UpstreamError } from '@paceline/shared/zwiftracing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** One minute of project time per real second. */
const scale = 60;
/** Project time. `SATURATED_MINUTES=120 npm run prove -- e2e/saturation.test.ts` is the two hours of docs/testing.md. */
const minutes = Number(process.env.SATURATED_MINUTES ?? 12);
/** Each key is a separate account, so that every limiter has work. */
const keys = ['first-key', 'second-key', 'third-key'];
/** Real ms, three times the lease. */
const freezeMs = 6_000;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ scale, anchor: Date.now() }, 3, {
    keys: Object.fromEntries(keys.map((key) => [key, 'standard' as const])),
    latency: false,
    enforcement: 'sliding-counting-rejects',
    jitter: { minMs: 0, maxMs: 60 },
  });
});
afterAll(() => rig?.stop());

/** Makes as many calls as permitted until the signal. Returns the number of responses. */
async function saturate(key: string, budget: BudgetName, signal: AbortSignal): Promise<number> {
  const caller = rig.caller(key);
  for (let answered = 0; ; answered += 1) {
    try {
      await caller.call(budget, signal);
    } catch (error) {
      if (signal.aborted) return answered;
      if (!(error instanceof UpstreamError) || error.code !== 'not_found') throw error;
    }
  }
}

/** Kills limiters one after the other, and freezes one, until the signal. Returns the number of disturbances. */
async function disturb(limiters: readonly LimiterProcess[], signal: AbortSignal): Promise<number> {
  let disturbed = 0;
  for (; !signal.aborted; disturbed += 1) {
    const victim = limiters[(disturbed * 7 + 1) % limiters.length];
    if (disturbed === 1) {
      await victim?.kill('SIGSTOP');
      await sleep(freezeMs);
      await victim?.kill('SIGCONT');
    } else {
      await victim?.kill('SIGKILL');
      await victim?.start();
    }
    await sleep(1_500);
  }
  return disturbed;
}

describe('three limiters under saturation, killed and frozen at random', () => {
  it('cause no rejection and exceed no window under any enforcement', async () => {
    const over = new AbortController();
    const calling = keys.flatMap((key) => budgetNames.map((budget) => saturate(key, budget, over.signal)));
    const disturbing = disturb(rig.limiters, over.signal);
    await Promise.race([rig.clock.sleep(minutes * 60_000), ...calling]);
    over.abort(new Error('time is up'));
    const [disturbed] = await Promise.all([disturbing, ...calling]);

    const judgements = rig.sandbox.judgement();
    expect(judgements).toHaveLength(keys.length * budgetNames.length);
    for (const { budget, policy, calls, rejected, fullestWindow, wouldReject } of judgements) {
      expect(rejected, budget).toBe(0);
      expect(fullestWindow, budget).toBeLessThanOrEqual(policy.limit);
      expect(Object.values(wouldReject), budget).toEqual(Object.values(wouldReject).map(() => 0));
      expect(calls, budget).toBeGreaterThan(0);
    }
    const { certified, report } = await rig.audit();
    expect(certified, report).toBe(true);
    const possible = judgements.reduce(
      (sum, { policy }) => sum + policy.limit * Math.ceil((minutes * 60_000) / policy.windowMs),
      0,
    );
    const made = judgements.reduce((sum, { calls }) => sum + calls, 0);
    process.stderr.write(
      `${report}\n${minutes} minutes, ${disturbed} limiters killed or frozen: ${made} of ${possible} possible calls, ${((made / possible) * 100).toFixed(1)} %\n`,
    );
  });
});
