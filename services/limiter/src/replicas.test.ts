import type { Heartbeat } from '@paceline/shared/contracts';
import { dedicatedBackend } from '@paceline/shared/testing/backend';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountPerPartition, partitionsIn, replicasOn } from './testing/replicas.ts';
import { call, openLimiterHarness, type LimiterHarness } from './testing/harness.ts';

const minute = 60_000;
const hour = 60 * minute;
/** The margin that the limiter adds to every window. */
const epsilon = 1_000;

let harness: LimiterHarness;
let replicas: ReturnType<typeof replicasOn>;

async function open<S extends LimiterHarness>(opening: Promise<S>): Promise<S> {
  const opened = await opening;
  harness = opened;
  replicas = replicasOn(opened);
  return opened;
}
afterEach(async () => {
  await harness.closeClients();
  await harness.close();
});

describe('limiter replicas', () => {
  beforeEach(() => open(openLimiterHarness()));

  it('share the partitions evenly, move only the share of a new one, and take over immediately from one that leaves', async () => {
    const first = await harness.start();
    await replicas.shareEvenly(first);

    const second = await harness.start();
    await replicas.shareEvenly(first, second);

    const before = [first.id, second.id].map(replicas.partitionsOf);
    const third = await harness.start();
    await replicas.shareEvenly(first, second, third);
    const after = [first.id, second.id].map(replicas.partitionsOf);
    expect(replicas.partitionsOf(third.id)).toHaveLength(2);
    after.forEach((partitions, index) => expect(before[index]).toEqual(expect.arrayContaining(partitions)));

    await first.stop();
    await replicas.shareEvenly(second, third);
    const left = harness.heartbeats.findIndex(({ limiter, leaving }) => limiter === first.id && leaving);
    for (const { id } of [second, third]) {
      const sequenceThen =
        harness.heartbeats.slice(0, left).findLast(({ limiter }) => limiter === id)?.sequence ?? 0;
      const takeover = harness.heartbeats
        .slice(left)
        .find(({ limiter, owns }) => limiter === id && owns.length === 4);
      expect(takeover?.sequence).toBeLessThanOrEqual(sequenceThen + 1);
    }
  });

  it('act as one limiter: every account has exact windows', async () => {
    const [first, second, third] = [await harness.start(), await harness.start(), await harness.start()];
    await replicas.shareEvenly(first, second, third);
    await Promise.all(
      [...accountPerPartition().values()].map(async (account) => {
        const limiter = harness.client(account);
        const calls: number[] = [];
        await Promise.all(Array.from({ length: 12 }, () => call(harness, limiter, 'riders_single', calls)));
        const windows = calls.slice(5).map((at, index) => at - (calls[index] ?? 0));
        expect(Math.min(...windows)).toBeGreaterThanOrEqual(minute + epsilon);
      }),
    );
  });

  it('keep waiting requests in order while a partition changes owner', async () => {
    const first = await harness.start();
    const partition = 7;
    const limiter = harness.client(accountPerPartition().get(partition));
    const order: string[] = [];
    const wait = (name: string, requestedAt: number) =>
      limiter.withPermit({ endpoint: 'clubs', lane: 'rider_sync', requestedAt }, async (permit) => {
        permit.use();
        order.push(name);
        permit.settle({ result: 'answered', status: 200 });
      });
    await call(harness, limiter, 'clubs');
    const now = harness.clock.now();
    const waiting = [wait('requested last', now), wait('requested first', now - hour)];

    const second = await harness.start();
    await replicas.shareEvenly(first, second);
    expect(replicas.partitionsOf(second.id)).toContain(partition);
    await harness.until(async () => {
      const { queue } = await harness.status(limiter.account);
      expect(queue.pending + order.length).toBe(2);
    });
    await harness.during(Promise.all(waiting));
    expect(order).toEqual(['requested first', 'requested last']);
  });
});

describe('limiter replicas', () => {
  it('keep their partitions while the broker is down for longer than the lease', async () => {
    const { broker } = await open(openLimiterHarness(await dedicatedBackend()));
    const limiters = [await harness.start(), await harness.start(), await harness.start()];
    const ids = limiters.map(({ id }) => id);
    await replicas.shareEvenly(...limiters);
    const before = new Map(ids.map((id) => [id, replicas.partitionsOf(id)]));
    const limiter = replicas.clientOf(ids[2] ?? '');
    await call(harness, limiter, 'riders_single');

    await harness.quiet();
    await broker.nats.kill();
    // Longer than the lease of 2 s of the machine: none of this time may count.
    await harness.pass(harness.clock.toProjectMs(3_000));
    const restarted = harness.heartbeats.length;
    await broker.nats.restart();
    await harness.reconnected();
    await call(harness, limiter, 'riders_single');

    const since = (id: string): Heartbeat[] =>
      harness.heartbeats.slice(restarted).filter(({ limiter: sender }) => sender === id);
    await harness.until(() => {
      for (const id of ids)
        expect(new Set(since(id).map(({ sequence }) => sequence)).size).toBeGreaterThan(10);
    });
    for (const id of ids) {
      for (const { owns } of since(id)) expect(partitionsIn({ owns })).toEqual(before.get(id));
    }
  });
});
