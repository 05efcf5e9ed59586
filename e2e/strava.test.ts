import { setTimeout as sleep } from 'node:timers/promises';
import { auditedBy } from '@paceline/kit/rig';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import { keepsLimit, type WindowJudgement } from '@paceline/sandbox';
import { createClock } from '@paceline/shared/clock';
import { afterAll, beforeAll, expect, it } from 'vitest';

const upstreams = 'zwiftracing,strava';
/** Of the readers before and after the limiter's death: together more than a quarter of an hour allows. */
const callsEach = 60;

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack(oneEvening(30), { UPSTREAMS: upstreams, API_UPSTREAMS: 'strava' });
});
afterAll(() => stack?.stop());

/** Calls again and again until the signal. @param onAnswered for each answer of upstream */
async function callOften(method: string, path: string, signal: AbortSignal, onAnswered = () => {}) {
  const url = `${stack.apiUrl}/upstream/strava${path}`;
  while (!signal.aborted) {
    const headers = { prefer: 'wait=30' };
    const response = await fetch(url, { method, headers, signal }).catch(() => undefined);
    await response?.text().catch(() => undefined);
    if (response?.status === 200) onAnswered();
    else await sleep(200);
  }
}

/** A person's call goes before the others, and is seen like the calls of the syncs. */
async function callsAreSeen(): Promise<void> {
  const person = await fetch(`${stack.apiUrl}/upstream/strava/athlete`, {
    headers: { 'paceline-lane': 'person', prefer: 'wait=30' },
  });
  expect([person.status, await person.text()]).toEqual([200, expect.stringContaining('firstname')]);
  const since = new Date(createClock(stack.clock).now() - 5 * 60_000).toISOString();
  const { items } = await stack.api.call('GET /v1/permits', {
    query: { budget: 'strava:read_day', since, limit: 500 },
  });
  expect(items).toContainEqual(
    expect.objectContaining({
      permitId: person.headers.get('paceline-permit'),
      upstream: 'strava',
      budgets: ['strava:read_15m', 'strava:read_day', 'strava:overall_15m', 'strava:overall_day'],
      lane: 'person',
    }),
  );
  const { items: conflicts } = await stack.api.call('GET /v1/conflicts');
  expect(conflicts).toContainEqual(
    expect.objectContaining({ upstream: 'strava', blocked: 'background', blockedBy: 'person' }),
  );
}

it('Strava’s windows hold through the door when the limiter is killed', async () => {
  const over = new AbortController();
  let answered = 0;
  const onAnswered = () => (answered += 1);
  const calling = [
    ...Array.from({ length: 6 }, () => callOften('GET', '/athlete', over.signal, onAnswered)),
    ...Array.from({ length: 3 }, () => callOften('POST', '/uploads', over.signal)),
  ];
  const untilAnswered = (calls: number) =>
    eventually(async () => expect(answered).toBeGreaterThanOrEqual(calls));
  await untilAnswered(callsEach);
  process.kill(stack.processes.get('limiter')?.pid() ?? 0, 'SIGKILL');
  await untilAnswered(2 * callsEach);
  await eventually(callsAreSeen);
  over.abort();
  await Promise.all(calling);

  const [sandbox] = stack.otherSandboxes;
  const response = await fetch(`${sandbox?.url}/control/judgement`);
  const { judgements } = (await response.json()) as { judgements: readonly WindowJudgement[] };
  expect(judgements.map(({ budget }) => budget).toSorted()).toEqual([
    'overall_15m',
    'overall_day',
    'read_15m',
    'read_day',
  ]);
  expect(judgements.filter((each) => !keepsLimit(each))).toEqual([]);
  const { certified, report } = await eventually(async () => {
    const audited = await auditedBy(
      stack.broker.urlFor('limiter'),
      [stack.sandboxUrl ?? '', sandbox?.url ?? ''],
      upstreams,
    );
    expect(audited.report).not.toContain('audit not possible');
    return audited;
  });
  expect(certified, report).toBe(true);
});
