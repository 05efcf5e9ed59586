import { loadConfig } from '@paceline/shared/config';
import { createClock } from '@paceline/shared/clock';
import { readiness, type RunningService } from '@paceline/shared/runtime';
import { testLog } from '@paceline/shared/testing';
import { type DedicatedBroker, dedicatedBroker } from '@paceline/shared/testing/backend';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { schedulerVariables } from './config.ts';
import { startScheduler } from './service.ts';

let broker: DedicatedBroker;
let scheduler: RunningService;

beforeAll(async () => {
  broker = await dedicatedBroker();
  scheduler = await startScheduler({
    name: 'scheduler',
    config: loadConfig({ NATS_URL: broker.brokerUrl('scheduler') }, schedulerVariables),
    clock: createClock(),
    log: testLog('scheduler-test'),
    signal: new AbortController().signal,
  });
});
afterAll(async () => {
  await scheduler?.drain();
  await scheduler?.close();
  await broker?.close();
});

describe('readiness of the scheduler', () => {
  it('fails while the broker is down, and recovers with it', async () => {
    expect(await readiness(scheduler.checks)).toEqual({
      ready: true,
      checks: { broker: 'ok', storage: 'ok' },
    });
    await broker.nats.kill();
    await vi.waitFor(async () => expect(await readiness(scheduler.checks)).toMatchObject({ ready: false }));
    await broker.nats.restart();
    await vi.waitFor(async () => expect(await readiness(scheduler.checks)).toMatchObject({ ready: true }), {
      timeout: 60_000,
    });
  });
});
