import { cp, rename, rm } from 'node:fs/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import {
  catalog,
  durableOf,
  journalEntry,
  journalRestored,
  highWaterBucket,
  highWaterKey,
  subjectOf,
} from '@paceline/shared/contracts';
import { type Limiter, partitionOf } from '@paceline/shared/limiter';
import { decode, provision, subscribe, request } from '@paceline/shared/messaging';
import { type DedicatedBroker, dedicatedBroker } from '@paceline/shared/testing/backend';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  callNow,
  openLimiterHarness,
  type LimiterHarness,
  type HarnessLimiter,
} from './testing/harness.ts';

let harness: LimiterHarness<DedicatedBroker>;
let limiterProcess: HarnessLimiter;

beforeAll(async () => {
  harness = await openLimiterHarness(await dedicatedBroker());
  limiterProcess = await harness.start();
});

afterEach(() => harness.closeClients());
afterAll(() => harness?.close());

async function restart(): Promise<void> {
  await limiterProcess.stop();
  limiterProcess = await harness.start();
}

/** A new account in this partition. */
function accountIn(partition: number): string {
  for (;;) {
    const account = harness.newAccount();
    if (partitionOf(account) === partition) return account;
  }
}

/** The last entry of a partition's journal on the broker. */
async function journalOf(partition: number) {
  const { streams } = await jetstreamManager(harness.broker.admin);
  const subject = subjectOf(catalog.journal, { partition });
  const last = await streams.getMessage(catalog.journal.stream, { last_by_subj: subject });
  if (!last) throw new Error('the journal is empty');
  return { last: decode(journalEntry, last.data), sequence: last.seq, streams, subject };
}

describe('a long journal', () => {
  it('gets a snapshot, from which the next limiter restores old decisions', async () => {
    const partition = 3;
    const keeper = accountIn(partition);
    const policy = { limit: 3, windowMs: 7_000 };
    const bus = await harness.connectAs('api');
    const operation = { do: 'set_policy', account: keeper, endpoint: 'results', policy } as const;
    await harness.until(() => request(bus, catalog.operate, { partition }, operation, 2_000));
    const others: Limiter[] = Array.from({ length: 20 }, () => harness.client(accountIn(partition)));
    const callMany = async () => {
      for (const limiter of others) await callNow(harness, limiter, 'riders_single');
    };
    while ((await journalOf(partition)).last.recoverFrom === 0) await harness.during(callMany());
    await restart();
    const results = (await harness.until(() => harness.windows(keeper))).find(
      ({ endpoint }) => endpoint === 'results',
    );
    expect(results?.policy).toMatchObject({ ...policy, from: 'operator' });
  });
});

describe('a journal restored from a backup', () => {
  it.each([
    ['its high-water mark is further', 4, String(journalRestored)],
    ['its high-water mark cannot be read', 7, 'rubbish'],
  ])('counts every budget as spent once when %s', async (_, partition, mark) => {
    const account = accountIn(partition);
    await call(harness, harness.client(account), 'signups');
    await limiterProcess.stop();
    const marks = await new Kvm(harness.broker.admin).open(highWaterBucket);
    await marks.put(highWaterKey(partition), mark);
    limiterProcess = await harness.start();
    for (const { available, unknownUntil } of await harness.until(() => harness.windows(account))) {
      expect(available).toBe(0);
      expect(unknownUntil).toBeGreaterThan(harness.clock.now());
    }
    // Not the last entry, because the call may be settled after the claim.
    await harness.until(async () => {
      const owned = harness.heartbeats.findLast(({ limiter }) => limiter === limiterProcess.id)?.owns ?? [];
      const claim = owned.find((each) => each.partition === partition)?.claim;
      expect(claim).toBeGreaterThan(0);
      expect(Number((await marks.get(highWaterKey(partition)))?.string())).toBe(claim);
    });
  });
});

describe('a journal that got a broker reply to another service', () => {
  it('continues, with its earlier entries', async () => {
    const partition = 6;
    const limiter = harness.client(accountIn(partition));
    await call(harness, limiter, 'clubs');
    const before = await journalOf(partition);
    const stranger = await harness.connectAs('rider-sync');
    const infoSubject = `$JS.API.CONSUMER.INFO.COMMANDS.${durableOf(catalog.addRider)}`;
    stranger.connection.publish(infoSubject, '', { reply: before.subject });
    await harness.until(async () => {
      const { streams } = before;
      const last = await streams.getMessage(catalog.journal.stream, { last_by_subj: before.subject });
      expect(last?.string()).toContain('consumer_info_response');
    });

    await call(harness, limiter, 'riders_single');
    expect((await journalOf(partition)).sequence).toBeGreaterThan(before.sequence);
    const clubs = (await harness.until(() => harness.windows(limiter.account))).find(
      ({ endpoint }) => endpoint === 'clubs',
    );
    expect(clubs).toMatchObject({ available: 0 });
  });
});

describe('a lost journal', () => {
  it('counts every budget as spent, and raises an alert', async () => {
    const partition = 5;
    const alerts: string[] = [];
    subscribe(await harness.connectAs('api'), catalog.alert, {}, ({ type }) => alerts.push(type));
    const account = accountIn(partition);
    await call(harness, harness.client(account), 'signups');
    const { streams, subject } = await journalOf(partition);
    await limiterProcess.stop();
    await streams.purge(catalog.journal.stream, { filter: subject });
    limiterProcess = await harness.start();

    for (const { available, unknownUntil } of await harness.until(() => harness.windows(account))) {
      expect(available).toBe(0);
      expect(unknownUntil).toBeGreaterThan(harness.clock.now());
    }
    await harness.until(() => expect(alerts).toContain('journal_lost'));
  });

  it('that vanished with its high-water mark is not created again, and counts as spent once it is provisioned', async () => {
    const account = accountIn(5);
    await call(harness, harness.client(account), 'signups');
    const { admin } = harness.broker;
    const { streams } = await jetstreamManager(admin);
    await streams.delete(catalog.journal.stream);
    await streams.delete(`KV_${highWaterBucket}`);
    const calls: number[] = [];
    callNow(harness, harness.client(account), 'riders_single', calls).catch(() => undefined);
    await harness.until(() => expect(limiterProcess.checks.storage?.()).rejects.toThrow('LIMITER_JOURNAL'));
    await harness.until(() => expect(() => limiterProcess.checks.partitions?.()).toThrow('without an owner'));
    await expect(streams.info(catalog.journal.stream)).rejects.toThrow('stream not found');
    await provision(admin);
    const views = await harness.until(async () => {
      const found = await harness.windows(account);
      expect(found.every(({ unknownUntil }) => unknownUntil !== null)).toBe(true);
      return found;
    });
    expect(views.map(({ available }) => available)).toEqual(views.map(() => 0));
    expect(calls).toEqual([]);
    await harness.until(() => limiterProcess.checks.storage?.());
  });

  it('that lost only its last entries is detected by the limiter that wrote them', async () => {
    const partition = 2;
    const account = accountIn(partition);
    const { nats } = harness.broker;
    const before = `${nats.storeDir}-before`;
    await nats.kill();
    await cp(nats.storeDir, before, { recursive: true });
    await nats.restart();
    await harness.reconnected();
    await call(harness, harness.client(account), 'signups');
    // As after a power cut, during which the limiter only saw the broker disconnect.
    await nats.kill();
    await rm(nats.storeDir, { recursive: true });
    await rename(before, nats.storeDir);
    await nats.restart();
    await harness.reconnected();
    call(harness, harness.client(account), 'riders_single').catch(() => undefined);
    await harness.until(async () => {
      const signups = (await harness.windows(account)).find(({ endpoint }) => endpoint === 'signups');
      expect(signups).toMatchObject({ available: 0, unknownUntil: expect.any(Number) });
    });
  });

  it('is detected by the limiter that wrote it', async () => {
    const partition = 6;
    const account = accountIn(partition);
    await call(harness, harness.client(account), 'signups');
    const { streams, subject } = await journalOf(partition);
    await streams.purge(catalog.journal.stream, { filter: subject });
    const waiting = call(harness, harness.client(account), 'riders_single');
    waiting.catch(() => undefined);
    await harness.until(async () => {
      const views = await harness.windows(account);
      expect(views.every(({ available, unknownUntil }) => available === 0 && unknownUntil !== null)).toBe(
        true,
      );
    });
  });
});
