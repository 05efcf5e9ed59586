import { type Caller, type Rig, startRig } from '@paceline/kit/rig';
import { eventually } from '@paceline/kit/waiting';
import { catalog } from '@paceline/shared/contracts';
import type { BudgetName } from '@paceline/shared/definition';
import { subscribe } from '@paceline/shared/messaging';
import { UpstreamError } from '@paceline/shared/zwiftracing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const minute = 60_000;
const per = (limit: number, minutes: number) => ({ limit, windowMs: minutes * minute });

/** Limits that upstream enforces, unlike the documented ones that the limiter starts with. */
const differences = [
  { budget: 'clubs', enforced: per(1, 10), foreign: true },
  { budget: 'riders_bulk', enforced: per(1, 10), foreign: true },
  { budget: 'signups', enforced: per(1, 10), foreign: false },
  { budget: 'events', enforced: per(1, 3), foreign: false },
  { budget: 'riders_single', enforced: per(2, 3), foreign: false },
] as const;

const key = 'a-key';
let rig: Rig;
let caller: Caller;
const alerts: Array<{ type: string; endpoint?: string | undefined; attribution?: string | undefined }> = [];

beforeAll(async () => {
  rig = await startRig({ scale: 300, anchor: Date.now() }, 1, {
    keys: { [key]: 'standard' },
    latency: false,
    policies: Object.fromEntries(differences.map(({ budget, enforced }) => [budget, enforced])),
  });
  subscribe(rig.admin, catalog.alert, {}, (alert) => alerts.push(alert));
  caller = rig.caller(key);
});

afterAll(() => rig?.stop());

/** Makes a call with a permit. Returns whether upstream accepted it. */
const call = (budget: BudgetName): Promise<boolean> =>
  caller.call(budget).then(
    () => true,
    (error: unknown) => {
      if (error instanceof UpstreamError) return error.code !== 'rate_limited';
      throw error;
    },
  );

/** A call by another client with the same key. */
async function foreignCall(budget: BudgetName): Promise<void> {
  const headers = { Authorization: key, 'Content-Type': 'application/json' };
  const { url } = rig.sandbox;
  const { status } =
    budget === 'clubs'
      ? await fetch(`${url}/public/clubs/20650`, { headers })
      : await fetch(`${url}/public/riders`, { headers, method: 'POST', body: '[4500001]' });
  expect(status).toBe(200);
}

const rejected = (budget: BudgetName) =>
  rig.sandbox.audit().filter((arrival) => arrival.budget === budget && arrival.verdict === 'rejected').length;

const windowOf = async (budget: BudgetName) =>
  (await rig.windows(key)).windows.find(({ endpoint }) => endpoint === budget);

describe.each(differences)('a different upstream limit for $budget', ({ budget, enforced, foreign }) => {
  it('is learned from one 429', async () => {
    if (foreign) await foreignCall(budget);
    for (let accepted = 0; accepted < 4;) if (await call(budget)) accepted += 1;
    expect(rejected(budget)).toBe(1);
  });

  it('appears in the window, and raises alerts', async () => {
    expect(await windowOf(budget)).toMatchObject({
      policy: { ...enforced, from: 'upstream' },
      lastRejected: { attribution: foreign ? 'foreign_caller' : 'policy_changed' },
    });
    await eventually(() => {
      const raised = alerts.filter(({ endpoint }) => endpoint === budget).map(({ type }) => type);
      expect(raised.toSorted()).toEqual(['limit_learned', 'rate_limit_exceeded']);
    });
  });
});

describe('a killed limiter', () => {
  it('keeps the learned limits, so that no call is rejected again', async () => {
    const [limiter] = rig.limiters;
    await limiter?.kill('SIGKILL');
    await limiter?.start();
    await Promise.all(
      differences.map(async ({ budget, enforced }) => {
        expect(await windowOf(budget)).toMatchObject({ policy: { ...enforced, from: 'upstream' } });
        for (let calls = 0; calls < 2; calls += 1) expect(await call(budget)).toBe(true);
        expect(rejected(budget)).toBe(1);
      }),
    );
  });
});
