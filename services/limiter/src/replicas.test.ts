import { once } from 'node:events';
import type { Fact, Owned, Presence } from '@paceline/shared/contracts';
import { allPartitions, partitionOf } from '@paceline/shared/limiter';
import { eventually } from '@paceline/shared/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openJournal } from './adapters/journal.ts';
import { call, openStage, type Stage } from './testing/stage.ts';

const patient = { timeoutMs: 30_000 };
const hour = 3_600_000;
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(async () => {
  await stage.closeClients();
  await stage.close();
});

const ownedBy = (id: string): readonly Owned[] =>
  stage.said.findLast(({ limiter }) => limiter === id)?.owns ?? [];
const partitionsOf = (id: string): number[] => partitionsIn(ownedBy(id));
const partitionsIn = (owns: readonly Owned[]): number[] =>
  owns.map(({ partition }) => partition).toSorted((a, b) => a - b);

/** Waits until these limiters, and nobody else, own every partition once, and as many each, to within one. */
const sharedOut = (...limiters: ReadonlyArray<{ id: string }>) =>
  eventually(() => {
    const ids = limiters.map(({ id }) => id);
    const counts = ids.map((id) => partitionsOf(id).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    expect(ids.flatMap(partitionsOf).toSorted((a, b) => a - b)).toEqual(allPartitions);
    expect(ids.flatMap(ownedBy).every(({ claim }) => claim !== null)).toBe(true);
  }, patient);

/** As many accounts as there are partitions, one in each. */
function oneAccountEach(): Map<number, string> {
  const accounts = new Map<number, string>();
  while (accounts.size < allPartitions.length) {
    const account = stage.newAccount();
    accounts.set(partitionOf(account), account);
  }
  return accounts;
}

/** A client whose account is in a partition of this limiter. */
function clientOf(id: string) {
  const mine = partitionsOf(id)[0] ?? -1;
  return stage.client(oneAccountEach().get(mine));
}

/** The permits of an account that were ever committed. */
async function committed(account: string): Promise<string[]> {
  const journal = openJournal(await stage.speakAs('limiter'), partitionOf(account));
  const { entries } = await journal.read();
  const facts = entries.flatMap((entry): readonly Fact[] => (entry.entry === 'facts' ? entry.facts : []));
  return facts.flatMap((fact) =>
    fact.fact === 'started' && fact.account === account ? [fact.interval.permit] : [],
  );
}

describe('the replicas of the limiter', () => {
  it('share the partitions evenly, move only what a newcomer gets, and take over at once from who leaves', async () => {
    const first = await stage.start();
    await sharedOut(first);

    const second = await stage.start();
    await sharedOut(first, second);

    const before = [first.id, second.id].map(partitionsOf);
    const third = await stage.start();
    await sharedOut(first, second, third);
    const after = [first.id, second.id].map(partitionsOf);
    expect(partitionsOf(third.id)).toHaveLength(2);
    after.forEach((partitions, index) => expect(before[index]).toEqual(expect.arrayContaining(partitions)));

    await first.stop();
    await sharedOut(second, third);
    const left = stage.said.findIndex(({ limiter, leaving }) => limiter === first.id && leaving);
    for (const { id } of [second, third]) {
      const beatThen = stage.said.slice(0, left).findLast(({ limiter }) => limiter === id)?.beat ?? 0;
      const took = stage.said.slice(left).find(({ limiter, owns }) => limiter === id && owns.length === 4);
      expect(took?.beat).toBeLessThanOrEqual(beatThen + 1);
    }
  });

  it('look to a caller like one: every account has its exact windows, and its place in line', async () => {
    const [first, second, third] = [await stage.start(), await stage.start(), await stage.start()];
    await sharedOut(first, second, third);
    await Promise.all(
      [...oneAccountEach().values()].map(async (account) => {
        const limiter = stage.client(account);
        const calls: number[] = [];
        await Promise.all(Array.from({ length: 12 }, () => call(stage, limiter, 'riders_single', calls)));
        const windows = calls.slice(5).map((at, index) => at - (calls[index] ?? 0));
        expect(Math.min(...windows)).toBeGreaterThan(60_000);
      }),
    );
  });

  it('keep who waits in line while a partition changes hands', async () => {
    const first = await stage.start();
    const partition = 7;
    const limiter = stage.client(oneAccountEach().get(partition));
    const order: string[] = [];
    const wait = (name: string, firstAskedAt: number) =>
      limiter.withPermit({ endpoint: 'clubs', lane: 'rider_sync', firstAskedAt }, async (permit) => {
        permit.use();
        order.push(name);
        permit.settle({ result: 'answered', status: 200 });
      });
    await call(stage, limiter, 'clubs');
    const now = stage.clock.now();
    const waiting = [wait('asked last', now), wait('asked first', now - hour)];

    const second = await stage.start();
    await sharedOut(first, second);
    expect(partitionsOf(second.id)).toContain(partition);
    await eventually(async () => {
      const { queue } = await stage.status(limiter.account);
      expect(queue.pending + order.length).toBe(2);
    });
    await Promise.all(waiting);
    expect(order).toEqual(['asked first', 'asked last']);
  });

  it('keep their partitions while the broker is away, for longer than a silent limiter is waited for', async () => {
    const limiters = [await stage.start(), await stage.start(), await stage.start()];
    const ids = limiters.map(({ id }) => id);
    await sharedOut(...limiters);
    const before = new Map(ids.map((id) => [id, partitionsOf(id)]));
    const limiter = clientOf(ids[2] ?? '');
    await call(stage, limiter, 'riders_single');

    await stage.nats.kill();
    // More than the lease, which is 2 s: no moment of it may count.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const restarted = stage.said.length;
    await stage.nats.restart();
    await call(stage, limiter, 'riders_single');

    const since = (id: string): Presence[] =>
      stage.said.slice(restarted).filter(({ limiter: speaker }) => speaker === id);
    await eventually(() => {
      for (const id of ids) expect(new Set(since(id).map(({ beat }) => beat)).size).toBeGreaterThan(10);
    }, patient);
    for (const id of ids) {
      for (const { owns } of since(id)) expect(partitionsIn(owns)).toEqual(before.get(id));
    }
  });
});

describe('a limiter', { timeout: 90_000 }, () => {
  it('that is killed is replaced: its partitions answer again, and nothing is forgotten', async () => {
    const survivor = await stage.start();
    const victim = await stage.spawn();
    await sharedOut(survivor, victim);
    const limiter = clientOf(victim.id);
    const calls: number[] = [];
    await call(stage, limiter, 'clubs', calls);

    victim.process.kill('SIGKILL');
    await once(victim.process, 'exit');
    await call(stage, limiter, 'clubs', calls);
    await sharedOut(survivor);
    expect((calls[1] ?? 0) - (calls[0] ?? 0)).toBeGreaterThan(hour);
  });

  it('that is frozen is replaced; when it goes on it commits nothing, and has its share again', async () => {
    const survivor = await stage.start();
    const frozen = await stage.spawn();
    await sharedOut(survivor, frozen);
    const limiter = clientOf(frozen.id);
    const partition = partitionOf(limiter.account);
    const calls: number[] = [];

    await limiter.withPermit({ endpoint: 'clubs', lane: 'manual_rider_add' }, async (permit) => {
      permit.use();
      calls.push(stage.clock.now());
      frozen.process.kill('SIGSTOP');
      await eventually(() => expect(partitionsOf(survivor.id)).toContain(partition), patient);
      // This reaches both of them: the one that took over, and the other as soon as it goes on.
      permit.settle({ result: 'answered', status: 200 });
    });
    await sharedOut(survivor);
    await call(stage, limiter, 'clubs', calls);

    frozen.process.kill('SIGCONT');
    await eventually(() => expect(frozen.log()).toContain('has moved on without us'), patient);
    await sharedOut(survivor, frozen);
    await call(stage, limiter, 'clubs', calls);

    expect(await committed(limiter.account)).toHaveLength(calls.length);
    const gaps = calls.slice(1).map((at, index) => at - (calls[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(hour);
  });
});
