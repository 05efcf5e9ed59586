import { keepsLimit } from '@paceline/sandbox';
import { startStravaSandbox } from '@paceline/sandbox/strava';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { send, startTestApi, type TestApi } from '../testing/api.ts';
import { runRealLimiter } from '../testing/services.ts';

const minute = 60_000;
const midnight = Date.UTC(2026, 10, 25);
const key = 'a-strava-key';

let test: TestApi;
let sandbox: Awaited<ReturnType<typeof startStravaSandbox>>;
let limiter: { stop(): Promise<void> };
let door: string;

beforeAll(async () => {
  const anchor = midnight - 20 * minute;
  test = await startTestApi({ scale: 60, anchor, env: { UPSTREAMS: 'zwiftracing,strava' } });
  sandbox = await startStravaSandbox({ clock: test.clock, keys: { [key]: 'standard' } });
  limiter = await runRealLimiter(test);
  const env = { API_UPSTREAMS: 'strava', STRAVA_BASE_URL: sandbox.url, STRAVA_TOKEN: key };
  const { url } = await test.startAnother({ env });
  door = `${url}/upstream/strava`;
});
afterAll(async () => {
  await limiter?.stop();
  await test?.stop();
  await sandbox?.close();
});

const passUntil = (time: number) => test.pass(time - test.clock.now());

/** Calls again and again until the signal. */
async function callOften(method: string, path: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { status } = await send(door + path, { method, headers: { prefer: 'wait=30' } });
    if (status !== 200) await test.clock.sleep(minute);
  }
}

it('Strava’s four windows hold through the door, over midnight and a new limiter', async () => {
  const over = new AbortController();
  const calling = [
    ...Array.from({ length: 4 }, () => callOften('GET', '/athlete', over.signal)),
    ...Array.from({ length: 2 }, () => callOften('POST', '/uploads', over.signal)),
  ];
  await passUntil(midnight - 5 * minute);
  await limiter.stop();
  limiter = await runRealLimiter(test);
  await passUntil(midnight + 5 * minute);
  // Little of the day has passed, so the background waits for its pace, but a person goes at once.
  const headers = { 'paceline-lane': 'person', prefer: 'wait=5' };
  const person = await test.during(send(`${door}/athlete`, { headers }));
  expect([person.status, person.body]).toEqual([
    200,
    expect.objectContaining({ firstname: expect.any(String) }),
  ]);
  over.abort();
  await test.during(Promise.all(calling));

  const judgements = sandbox.judgement();
  expect(judgements.map(({ budget }) => budget)).toEqual([
    'overall_15m',
    'overall_day',
    'read_15m',
    'read_day',
  ]);
  expect(judgements.filter((each) => !keepsLimit(each))).toEqual([]);
  // The background uses what the reserve of 5 leaves of a quarter of an hour.
  expect(judgements.find(({ budget }) => budget === 'read_15m')?.fullestWindow).toBe(95);
});
