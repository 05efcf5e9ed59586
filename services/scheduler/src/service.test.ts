import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { catalog, scheduleBucket, scheduleKey } from '@paceline/shared/contracts';
import { provision, request } from '@paceline/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  changeSchedule,
  openSchedulerHarness,
  replyTimeoutMs,
  type SchedulerHarness,
} from './testing/harness.ts';

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

describe('a scheduler whose stored schedule cannot be read', () => {
  const schedule = async () => {
    const reply = await request(harness.api, catalog.currentSchedule, {}, {}, replyTimeoutMs);
    if (reply.answer !== 'in_force') throw new Error('no schedule in force');
    return reply.schedule;
  };
  const opensMore = async () => {
    const before = (await ticksOf('near')).length;
    await harness.until(async () => expect((await ticksOf('near')).length).toBeGreaterThan(before + 1));
  };

  it('opens slots of the last one, also after a restart, says so, and does not replace it unasked', async () => {
    const bucket = await new Kvm(harness.admin).open(scheduleBucket);
    const { version: before } = await schedule();
    const version = await bucket.put(scheduleKey, '{"periods":[{"since":');
    expect(await schedule()).toMatchObject({ version, problem: 'is not JSON' });
    await opensMore();
    await harness.start();
    await opensMore();
    expect((await bucket.get(scheduleKey))?.revision).toBe(version);
    expect(await changeSchedule(harness, { change: null })).toMatchObject({ answer: 'in_force' });
    const after = await schedule();
    expect(after.version).toBeGreaterThan(Math.max(before, version));
    expect(after.problem).toBeUndefined();
  });

  it('opens slots also when its progress cannot be read', async () => {
    const progress = await new Kvm(harness.admin).open('SCHEDULER');
    await progress.put('near', 'rubbish');
    await opensMore();
    await harness.until(async () =>
      expect(Number((await progress.get('near'))?.string())).toBeGreaterThan(0),
    );
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
