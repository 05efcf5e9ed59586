import { setTimeout as sleep } from 'node:timers/promises';
import { auditedBy } from '@paceline/kit/rig';
import { startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import type { WindowJudgement } from '@paceline/sandbox';
import { createClock } from '@paceline/shared/clock';
import { afterAll, beforeAll, expect, it } from 'vitest';

const minute = 60_000;
const scale = 30;
const upstreams = 'zwiftracing,strava';
/** Long enough before midnight for the system to be ready by then, however busy the machine is. */
const startsAt = Date.UTC(2026, 10, 24, 22, 45);
const midnight = Date.UTC(2026, 10, 25);

let stack: TestStack;
beforeAll(async () => {
  const now = Date.now();
  const anchor = Math.round(now - (startsAt - now) / (scale - 1));
  stack = await startTestStack({ scale, anchor }, { UPSTREAMS: upstreams, API_UPSTREAMS: 'strava' });
});
afterAll(() => stack?.stop());

/** Calls again and again until the signal. @returns how often upstream answered */
async function callOften(method: string, path: string, headers: Record<string, string>, signal: AbortSignal) {
  let answered = 0;
  while (!signal.aborted) {
    const url = `${stack.apiUrl}/upstream/strava${path}`;
    const response = await fetch(url, { method, headers, signal }).catch(() => undefined);
    await response?.text().catch(() => undefined);
    if (response?.status === 200) answered += 1;
    else await sleep(200);
  }
  return answered;
}

it('Strava’s four windows hold through the door, over midnight and the death of the limiter', async () => {
  const clock = createClock(stack.clock);
  const over = new AbortController();
  const { signal } = over;
  const wait = { prefer: 'wait=30' };
  const calling = [
    ...Array.from({ length: 6 }, () => callOften('GET', '/athlete', wait, signal)),
    ...Array.from({ length: 3 }, () => callOften('POST', '/uploads', wait, signal)),
  ];
  // At least a whole quarter of an hour remains.
  expect(midnight - clock.now()).toBeGreaterThan(15 * minute);
  await clock.sleep((midnight - clock.now()) / 2);
  const limiter = stack.processes.get('limiter');
  process.kill(limiter?.pid() ?? 0, 'SIGKILL');
  await clock.sleep(midnight + 5 * minute - clock.now());
  // Little of the day has passed, so the background waits for its pace, but a person goes at once.
  const person = await fetch(`${stack.apiUrl}/upstream/strava/athlete`, {
    headers: { 'paceline-lane': 'person', prefer: 'wait=5' },
  });
  expect([person.status, await person.text()]).toEqual([200, expect.stringContaining('firstname')]);
  // They are seen like the calls of the syncs.
  const since = new Date(clock.now() - 5 * minute).toISOString();
  const permitId = person.headers.get('paceline-permit');
  const { items } = await stack.api.call('GET /v1/permits', {
    query: { budget: 'strava:read_day', since, limit: 500 },
  });
  expect(items).toContainEqual(
    expect.objectContaining({
      permitId,
      upstream: 'strava',
      budgets: ['strava:read_15m', 'strava:read_day', 'strava:overall_15m', 'strava:overall_day'],
      lane: 'person',
    }),
  );
  await eventually(async () => {
    const { items: conflicts } = await stack.api.call('GET /v1/conflicts');
    expect(conflicts).toContainEqual(
      expect.objectContaining({ upstream: 'strava', blocked: 'background', blockedBy: 'person' }),
    );
  });
  over.abort();
  const answered = await Promise.all(calling);

  const [sandbox] = stack.otherSandboxes;
  const response = await fetch(`${sandbox?.url}/control/judgement`);
  const { judgements } = (await response.json()) as { judgements: readonly WindowJudgement[] };
  expect(judgements.map(({ budget }) => budget).toSorted()).toEqual([
    'overall_15m',
    'overall_day',
    'read_15m',
    'read_day',
  ]);
  for (const { budget, policy, rejected, fullestWindow } of judgements) {
    expect(rejected, budget).toBe(0);
    expect(fullestWindow, budget).toBeLessThanOrEqual(policy.limit);
  }
  // The background fills what the reserve of 5 leaves of a quarter of an hour.
  expect(judgements.find(({ budget }) => budget === 'read_15m')?.fullestWindow).toBeGreaterThanOrEqual(90);
  const { certified, report } = await eventually(async () => {
    const audited = await auditedBy(
      stack.broker.urlFor('limiter'),
      [stack.sandboxUrl ?? '', sandbox?.url ?? ''],
      upstreams,
    );
    expect(audited.report).not.toContain('audit not possible');
    return audited;
  });
  process.stderr.write(`${report}\n${answered.join(', ')} calls answered\n`);
  expect(certified, report).toBe(true);
});
