import { createClock } from '@paceline/shared/clock';
import { loadConfig } from '@paceline/shared/config';
import { catalog, permissionsOf, type Service } from '@paceline/shared/contracts';
import { accountOf, createLimiter, type Limiter, partitionOf, PermitRefused } from '@paceline/shared/limiter';
import { type Bus, connect, createBus, provision, request } from '@paceline/shared/messaging';
import type { RunningService } from '@paceline/shared/runtime';
import { createLogger } from '@paceline/shared/telemetry';
import { eventually, type TestNats, testNats } from '@paceline/shared/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openJournal } from './adapters/journal.ts';
import { limiterVariables } from './config.ts';
import { startLimiter } from './service.ts';

const log = createLogger('limiter-test', 'error');
/** Fast enough that a window of a minute is over in 50 ms. */
const clock = createClock({ scale: 1_200, anchor: Date.now() });
const users: Service[] = ['limiter', 'rider-sync', 'api'];
const credentials = [
  { user: 'provision', password: 'p', publish: ['>'], subscribe: ['>'] },
  ...users.map((user) => ({ user, password: 'p', ...permissionsOf(user) })),
];
const urlFor = (user: string) => nats.url.replace('//', `//${user}:p@`);

let nats: TestNats;
let limiterProcess: RunningService | undefined;
let bus: Bus;
let statusBus: Bus;
const clients: Limiter[] = [];

async function runLimiter(): Promise<void> {
  const config = loadConfig({ NATS_URL: urlFor('limiter') }, limiterVariables);
  const running = await startLimiter({
    name: 'limiter',
    config,
    clock,
    log,
    signal: new AbortController().signal,
  });
  await eventually(async () => {
    for (const check of Object.values(running.checks)) await check();
  });
  limiterProcess = running;
}

async function stopLimiter(): Promise<void> {
  await limiterProcess?.drain();
  await limiterProcess?.close();
  limiterProcess = undefined;
}

/** Each test has an account of its own, so that windows of one are none of another's. */
function client(account = accountOf(crypto.randomUUID())): Limiter & { account: string } {
  const limiter = { ...createLimiter(bus, { clock, account }), account };
  clients.push(limiter);
  return limiter;
}

const status = (account: string) =>
  request(statusBus, catalog.status, { partition: partitionOf(account) }, { account }, 2_000);

beforeAll(async () => {
  nats = await testNats({ users: credentials });
  const setup = await connect(urlFor('provision'), 'provision');
  await provision(setup);
  await setup.close();
  bus = createBus(await connect(urlFor('rider-sync'), 'rider-sync'), log);
  statusBus = createBus(await connect(urlFor('api'), 'api'), log);
  await runLimiter();
}, 60_000);

afterEach(() => Promise.all(clients.splice(0).map((limiter) => limiter.close())));

afterAll(async () => {
  await stopLimiter();
  await bus?.connection.close();
  await statusBus?.connection.close();
  await nats?.stop();
});

/** A call that upstream answers at once. */
const call = (limiter: Limiter, endpoint: 'riders_single' | 'signups' | 'clubs', calls: number[] = []) =>
  limiter.withPermit({ endpoint, lane: 'manual_rider_add' }, async (permit) => {
    permit.use();
    calls.push(clock.now());
    permit.settle({ result: 'answered', status: 200 });
    return permit.id;
  });

describe('the limiter over a real broker', () => {
  it('lets five riders through at once and the sixth when the window has moved on', async () => {
    const limiter = client();
    const calls: number[] = [];
    await Promise.all(Array.from({ length: 6 }, () => call(limiter, 'riders_single', calls)));
    const [first = 0] = calls;
    expect(calls.slice(0, 5).every((at) => at - first < 60_000)).toBe(true);
    expect((calls[5] ?? 0) - first).toBeGreaterThan(60_000);
  });

  it('tells a waiter its reason, its position and its time', async () => {
    const limiter = client();
    await call(limiter, 'signups');
    const told: string[] = [];
    const before = clock.now();
    let estimated = 0;
    await limiter.withPermit(
      {
        endpoint: 'signups',
        lane: 'far_event_sync',
        onWaiting: ({ reason, position, estimatedAt }) => {
          told.push(`${reason} ${position}`);
          estimated = estimatedAt;
        },
      },
      async () => undefined,
    );
    expect(told[0]).toBe('waiting_for_window 1');
    expect(estimated).toBeGreaterThan(before);
  });

  it('refuses a deadline that can not be met at once, with the time that could', async () => {
    const limiter = client();
    await call(limiter, 'clubs');
    const deadline = clock.now() + 600_000;
    const refused = limiter.withPermit(
      { endpoint: 'clubs', lane: 'rider_sync', deadline },
      async () => 'called',
    );
    await expect(refused).rejects.toThrow(PermitRefused);
    await refused.catch((error: PermitRefused) => expect(error.earliest).toBeGreaterThan(deadline));
  });

  it('gives a permit back that was never used', async () => {
    const limiter = client();
    await limiter.withPermit({ endpoint: 'clubs', lane: 'rider_sync' }, async () => 'changed my mind');
    const deadline = clock.now() + 600_000;
    await expect(
      limiter.withPermit({ endpoint: 'clubs', lane: 'rider_sync', deadline }, async () => 'called'),
    ).resolves.toBe('called');
  });

  it('remembers across a restart what was called before it', async () => {
    const limiter = client();
    await call(limiter, 'clubs');
    await stopLimiter();
    await runLimiter();
    const { rateLimitUsage } = await status(limiter.account);
    expect(rateLimitUsage.clubs).toMatchObject({ used: 1, available: 0 });
    expect(rateLimitUsage.signups).toEqual({ used: 0, available: 1, resetAt: null });
  });

  it('keeps those who wait in line through a restart', async () => {
    const limiter = client();
    await call(limiter, 'signups');
    const waiting = call(limiter, 'signups');
    await stopLimiter();
    await runLimiter();
    await expect(waiting).resolves.toContain('-');
  });

  it('keeps its promises through a restart of the broker', async () => {
    const limiter = client();
    await call(limiter, 'clubs');
    await nats.kill();
    const later = call(limiter, 'riders_single');
    await nats.restart();
    await expect(later).resolves.toContain('-');
    await eventually(async () => {
      const { rateLimitUsage } = await status(limiter.account);
      expect(rateLimitUsage.clubs.used).toBe(1);
    });
  });

  it('goes on, exactly, when a second limiter is started beside it and the first one ends', async () => {
    const first = limiterProcess;
    await runLimiter();
    const second = limiterProcess;
    const limiter = client();
    const calls: number[] = [];
    await Promise.all(Array.from({ length: 5 }, () => call(limiter, 'riders_single', calls)));
    await first?.drain();
    await first?.close();
    await call(limiter, 'riders_single', calls);
    expect((calls[5] ?? 0) - (calls[0] ?? 0)).toBeGreaterThan(60_000);
    expect(limiterProcess).toBe(second);
  });

  it('lets nobody decide behind the back of who has claimed the journal', async () => {
    const limiter = client();
    const before = await call(limiter, 'riders_single');
    const partition = partitionOf(limiter.account);
    const usurper = openJournal(createBus(await connect(urlFor('limiter'), 'limiter'), log), partition);
    await usurper.read();
    const facts = [{ fact: 'claimed' as const, owner: 'usurper', at: 0 }];
    const claim = await usurper.append({ entry: 'facts', facts });
    // The owner's next append fails; it stands by, finds nobody who answers, and claims the partition again.
    const after = await call(limiter, 'riders_single');
    expect(Number.parseInt(before, 10)).toBeLessThan(claim);
    expect(Number.parseInt(after, 10)).toBeGreaterThan(claim);
  });

  it('counts it as a conflict when one lane waits for another', async () => {
    const limiter = client();
    await call(limiter, 'signups');
    await limiter.withPermit({ endpoint: 'signups', lane: 'far_event_sync' }, async () => undefined);
    const { conflicts } = await status(limiter.account);
    expect(conflicts).toMatchObject({
      count: 1,
      lastConflict: { lane: 'far_event_sync', blockedBy: 'manual_rider_add', endpoint: 'signups' },
    });
  });
});
