import { jetstreamManager } from '@nats-io/jetstream';
import { scheduleBucket } from '@paceline/shared/contracts';
import { provision } from '@paceline/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSchedulerHarness, type SchedulerHarness } from './testing/harness.ts';

const minute = 60_000;
let harness: SchedulerHarness;

beforeAll(async () => {
  harness = await openSchedulerHarness();
});
afterAll(() => harness?.close());

const ticksOf = async (kind: string) => (await harness.ticks()).filter((tick) => tick.kind === kind);

describe('two schedulers', () => {
  it('open each slot exactly once, also when one of them stops and another starts', async () => {
    const first = await harness.start();
    await harness.start();
    await harness.until(async () => expect((await ticksOf('near')).length).toBeGreaterThan(5));
    await first.stop();
    await harness.start();
    await harness.until(async () => expect((await ticksOf('far')).length).toBeGreaterThan(1));

    const ids = (await harness.ticks()).map(({ slotId }) => slotId);
    expect(new Set(ids).size).toBe(ids.length);
    const near = (await ticksOf('near')).map(({ scheduledFor }) => scheduledFor);
    expect(near).toEqual(near.map((_, index) => harness.startsAt + (4 + 15 * index) * minute));
  });

  it('open the initial rider slot immediately, and only once', async () => {
    const riders = await ticksOf('rider');
    expect(riders[0]).toMatchObject({ slotId: 'slot:rider:initial', scheduledFor: harness.startsAt });
    expect(riders.filter(({ slotId }) => slotId === 'slot:rider:initial')).toHaveLength(1);
  });
});

describe('a scheduler whose buckets vanish', () => {
  it('opens slots of the configured schedule once they are provisioned again', async () => {
    const { streams } = await jetstreamManager(harness.admin);
    await streams.delete(`KV_${scheduleBucket}`);
    await streams.delete('KV_SCHEDULER');
    await provision(harness.admin);
    const before = (await ticksOf('near')).length;
    await harness.until(async () => expect((await ticksOf('near')).length).toBeGreaterThan(before + 2));
    const ids = (await harness.ticks()).map(({ slotId }) => slotId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
