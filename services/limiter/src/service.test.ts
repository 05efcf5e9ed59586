import { partitionOf, PermitRefused } from '@paceline/shared/limiter';
import { type DedicatedBackend, dedicatedBackend } from '@paceline/shared/testing/backend';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openJournal } from './adapters/journal.ts';
import { call, openLimiterHarness, type LimiterHarness, type HarnessLimiter } from './testing/harness.ts';

/** The window of single riders, and the margin that the limiter adds to every window. */
const minute = 60_000;
const epsilon = 1_000;

let harness: LimiterHarness<DedicatedBackend>;
let limiterProcess: HarnessLimiter;

beforeAll(async () => {
  harness = await openLimiterHarness(await dedicatedBackend());
  limiterProcess = await harness.start();
});

/** When something due in `ms` happens: timers of the machine take whole ms. */
const inWholeMs = (ms: number) => harness.clock.toProjectMs(Math.ceil(harness.clock.toRealMs(ms)));

afterEach(() => harness.closeClients());
afterAll(() => harness?.close());

async function restart(): Promise<void> {
  await limiterProcess.stop();
  limiterProcess = await harness.start();
}

describe('the limiter over a real broker', () => {
  it('grants five rider calls immediately, and the sixth a window later', async () => {
    const limiter = harness.client();
    const calls: number[] = [];
    const waited: number[] = [];
    const requests = Array.from({ length: 6 }, (_, index) =>
      limiter.withPermit(
        { endpoint: 'riders_single', lane: 'manual_rider_add', onWaiting: () => waited.push(index) },
        async (permit) => {
          permit.use();
          calls.push(harness.clock.now());
          permit.settle({ result: 'answered', status: 200 });
        },
      ),
    );
    await harness.during(Promise.all(requests));
    // Requests of one event-loop turn are decided in one turn.
    expect(new Set(waited).size).toBe(1);
    const first = calls[0] ?? 0;
    expect(calls.map((at) => at - first)).toEqual([0, 0, 0, 0, 0, inWholeMs(minute + epsilon)]);
  });

  it('shows a waiting request its reason, position and estimate', async () => {
    const limiter = harness.client();
    await call(harness, limiter, 'signups');
    const shown: string[] = [];
    const before = harness.clock.now();
    let estimated = 0;
    await harness.during(
      limiter.withPermit(
        {
          endpoint: 'signups',
          lane: 'far_event_sync',
          onWaiting: ({ reason, position, estimatedAt }) => {
            shown.push(`${reason} ${position}`);
            estimated = estimatedAt;
          },
        },
        async () => undefined,
      ),
    );
    expect(shown[0]).toBe('waiting_for_window 1');

    expect(estimated).toBeGreaterThan(before);
  });

  it('immediately refuses a deadline that cannot be met, with the earliest possible one', async () => {
    const limiter = harness.client();
    await call(harness, limiter, 'clubs');
    const deadline = harness.clock.now() + 600_000;
    const refused = limiter.withPermit(
      { endpoint: 'clubs', lane: 'rider_sync', deadline },
      async () => 'called',
    );
    await expect(harness.during(refused)).rejects.toThrow(PermitRefused);
    await refused.catch((error: PermitRefused) => {
      expect(error.earliest).toBeGreaterThan(deadline);
    });
  });

  it('frees a permit that was never used', async () => {
    const limiter = harness.client();
    await harness.during(
      limiter.withPermit({ endpoint: 'clubs', lane: 'rider_sync' }, async () => 'not called'),
    );
    const deadline = harness.clock.now() + 600_000;
    await expect(
      harness.during(
        limiter.withPermit({ endpoint: 'clubs', lane: 'rider_sync', deadline }, async () => 'called'),
      ),
    ).resolves.toBe('called');
  });

  it('still counts earlier calls after a restart', async () => {
    const limiter = harness.client();
    await call(harness, limiter, 'clubs');
    await restart();
    const { rateLimitUsage } = await harness.until(() => harness.status(limiter.account));
    expect(rateLimitUsage.clubs).toMatchObject({ used: 1, available: 0 });
    expect(rateLimitUsage.signups).toEqual({ used: 0, available: 1, resetAt: null });
  });

  it('keeps waiting requests through a restart', async () => {
    const limiter = harness.client();
    await call(harness, limiter, 'signups');
    const waiting = call(harness, limiter, 'signups');
    await restart();
    await expect(waiting).resolves.toContain('-');
  });

  it('continues after a restart of the broker, with its calls still counted', async () => {
    const limiter = harness.client();
    await call(harness, limiter, 'clubs');
    await harness.broker.nats.kill();
    const later = call(harness, limiter, 'riders_single');
    await harness.broker.nats.restart();
    await harness.reconnected();
    await expect(later).resolves.toContain('-');
    const { rateLimitUsage } = await harness.until(() => harness.status(limiter.account));
    expect(rateLimitUsage.clubs?.used).toBe(1);
  });

  it('keeps windows exact when a second limiter takes over from it', async () => {
    const second = await harness.start();
    const limiter = harness.client();
    const calls: number[] = [];
    await Promise.all(Array.from({ length: 5 }, () => call(harness, limiter, 'riders_single', calls)));
    await limiterProcess.stop();
    limiterProcess = second;
    await call(harness, limiter, 'riders_single', calls);

    expect((calls[5] ?? 0) - (calls[0] ?? 0)).toBeGreaterThanOrEqual(minute + epsilon);
  });

  it('commits nothing after another owner has claimed the journal', async () => {
    const limiter = harness.client();
    const before = await call(harness, limiter, 'riders_single');
    const partition = partitionOf(limiter.account);
    const intruder = openJournal(await harness.connectAs('limiter'), partition);
    await intruder.read();
    const facts = [{ fact: 'claimed' as const, owner: 'intruder', at: 0 }];
    const claim = await intruder.append({ entry: 'facts', facts });
    // The owner's next append fails. No limiter announces the partition, so it is claimed again.
    const after = await call(harness, limiter, 'riders_single');
    expect(Number.parseInt(before, 10)).toBeLessThan(claim);
    expect(Number.parseInt(after, 10)).toBeGreaterThan(claim);
  });

  it('counts a conflict when one sync waits for another', async () => {
    const limiter = harness.client();
    await call(harness, limiter, 'signups');
    await harness.during(
      limiter.withPermit({ endpoint: 'signups', lane: 'far_event_sync' }, async () => undefined),
    );
    const { conflicts } = await harness.until(() => harness.status(limiter.account));
    expect(conflicts).toMatchObject({
      count: 1,
      lastConflict: { lane: 'far_event_sync', blockedBy: 'manual_rider_add', endpoint: 'signups' },
    });
  });
});
