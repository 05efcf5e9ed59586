import { partitionOf, PermitRefused } from '@paceline/shared/limiter';
import { type DedicatedBroker, dedicatedBroker } from '@paceline/shared/testing/backend';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openJournal } from './adapters/journal.ts';
import { call, openStage, type Stage, type StagedLimiter } from './testing/stage.ts';

/** The window of single riders, and by how much the limiter exceeds every window. */
const minute = 60_000;
const epsilon = 1_000;

let stage: Stage<DedicatedBroker>;
let limiterProcess: StagedLimiter;

beforeAll(async () => {
  stage = await openStage(await dedicatedBroker());
  limiterProcess = await stage.start();
});

/** After how much time that happens which is due in `ms`: timers of the machine hold whole ms. */
const inWholeMs = (ms: number) => stage.clock.toProjectMs(Math.ceil(stage.clock.toRealMs(ms)));

afterEach(() => stage.closeClients());
afterAll(() => stage?.close());

async function restart(): Promise<void> {
  await limiterProcess.stop();
  limiterProcess = await stage.start();
}

describe('the limiter over a real broker', () => {
  it('lets five riders through at once and the sixth when the window has moved on', async () => {
    const limiter = stage.client();
    const calls: number[] = [];
    const waited: number[] = [];
    const asks = Array.from({ length: 6 }, (_, index) =>
      limiter.withPermit(
        { endpoint: 'riders_single', lane: 'manual_rider_add', onWaiting: () => waited.push(index) },
        async (permit) => {
          permit.use();
          calls.push(stage.clock.now());
          permit.settle({ result: 'answered', status: 200 });
        },
      ),
    );
    await stage.during(Promise.all(asks));
    // They ask in one breath, so they are served in one.
    expect(new Set(waited).size).toBe(1);
    const first = calls[0] ?? 0;
    expect(calls.map((at) => at - first)).toEqual([0, 0, 0, 0, 0, inWholeMs(minute + epsilon)]);
  });

  it('tells a waiter its reason, its position and its time', async () => {
    const limiter = stage.client();
    await call(stage, limiter, 'signups');
    const told: string[] = [];
    const before = stage.clock.now();
    let estimated = 0;
    await stage.during(
      limiter.withPermit(
        {
          endpoint: 'signups',
          lane: 'far_event_sync',
          onWaiting: ({ reason, position, estimatedAt }) => {
            told.push(`${reason} ${position}`);
            estimated = estimatedAt;
          },
        },
        async () => undefined,
      ),
    );
    expect(told[0]).toBe('waiting_for_window 1');

    expect(estimated).toBeGreaterThan(before);
  });

  it('refuses a deadline that can not be met at once, with the time that could', async () => {
    const limiter = stage.client();
    await call(stage, limiter, 'clubs');
    const deadline = stage.clock.now() + 600_000;
    const refused = limiter.withPermit(
      { endpoint: 'clubs', lane: 'rider_sync', deadline },
      async () => 'called',
    );
    await expect(stage.during(refused)).rejects.toThrow(PermitRefused);
    await refused.catch((error: PermitRefused) => {
      expect(error.earliest).toBeGreaterThan(deadline);
    });
  });

  it('gives a permit back that was never used', async () => {
    const limiter = stage.client();
    await stage.during(
      limiter.withPermit({ endpoint: 'clubs', lane: 'rider_sync' }, async () => 'changed my mind'),
    );
    const deadline = stage.clock.now() + 600_000;
    await expect(
      stage.during(
        limiter.withPermit({ endpoint: 'clubs', lane: 'rider_sync', deadline }, async () => 'called'),
      ),
    ).resolves.toBe('called');
  });

  it('remembers across a restart what was called before it', async () => {
    const limiter = stage.client();
    await call(stage, limiter, 'clubs');
    await restart();
    const { rateLimitUsage } = await stage.until(() => stage.status(limiter.account));
    expect(rateLimitUsage.clubs).toMatchObject({ used: 1, available: 0 });
    expect(rateLimitUsage.signups).toEqual({ used: 0, available: 1, resetAt: null });
  });

  it('keeps those who wait in line through a restart', async () => {
    const limiter = stage.client();
    await call(stage, limiter, 'signups');
    const waiting = call(stage, limiter, 'signups');
    await restart();
    await expect(waiting).resolves.toContain('-');
  });

  it('keeps its promises through a restart of the broker', async () => {
    const limiter = stage.client();
    await call(stage, limiter, 'clubs');
    await stage.place.nats.kill();
    const later = call(stage, limiter, 'riders_single');
    await stage.place.nats.restart();
    await stage.reconnected();
    await expect(later).resolves.toContain('-');
    const { rateLimitUsage } = await stage.until(() => stage.status(limiter.account));
    expect(rateLimitUsage.clubs.used).toBe(1);
  });

  it('goes on, exactly, when a second limiter is started beside it and the first one ends', async () => {
    const second = await stage.start();
    const limiter = stage.client();
    const calls: number[] = [];
    await Promise.all(Array.from({ length: 5 }, () => call(stage, limiter, 'riders_single', calls)));
    await limiterProcess.stop();
    limiterProcess = second;
    await call(stage, limiter, 'riders_single', calls);

    expect((calls[5] ?? 0) - (calls[0] ?? 0)).toBeGreaterThanOrEqual(minute + epsilon);
  });

  it('lets nobody decide behind the back of who has claimed the journal', async () => {
    const limiter = stage.client();
    const before = await call(stage, limiter, 'riders_single');
    const partition = partitionOf(limiter.account);
    const usurper = openJournal(await stage.speakAs('limiter'), partition);
    await usurper.read();
    const facts = [{ fact: 'claimed' as const, owner: 'usurper', at: 0 }];
    const claim = await usurper.append({ entry: 'facts', facts });
    // The owner's next append fails, nobody says that it owns the partition, and so it claims it again.
    const after = await call(stage, limiter, 'riders_single');
    expect(Number.parseInt(before, 10)).toBeLessThan(claim);
    expect(Number.parseInt(after, 10)).toBeGreaterThan(claim);
  });

  it('counts it as a conflict when one lane waits for another', async () => {
    const limiter = stage.client();
    await call(stage, limiter, 'signups');
    await stage.during(
      limiter.withPermit({ endpoint: 'signups', lane: 'far_event_sync' }, async () => undefined),
    );
    const { conflicts } = await stage.until(() => stage.status(limiter.account));
    expect(conflicts).toMatchObject({
      count: 1,
      lastConflict: { lane: 'far_event_sync', blockedBy: 'manual_rider_add', endpoint: 'signups' },
    });
  });
});
