import { cp, rename, rm } from 'node:fs/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { catalog, durableOf, journalEntry, journalRestored, subjectOf } from '@paceline/shared/contracts';
import { openPool, type Pool } from '@paceline/shared/database/pool';
import { type Limiter, partitionOf } from '@paceline/shared/limiter';
import { decode, provision, subscribe, request } from '@paceline/shared/messaging';
import { type DedicatedBackend, dedicatedBackend } from '@paceline/shared/testing/backend';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  callNow,
  openLimiterHarness,
  type LimiterHarness,
  type HarnessLimiter,
} from './testing/harness.ts';

let harness: LimiterHarness<DedicatedBackend>;
let limiterProcess: HarnessLimiter;
let database: Pool;

beforeAll(async () => {
  harness = await openLimiterHarness(await dedicatedBackend());
  database = openPool(harness.broker.databaseUrl, () => undefined).pool;
  limiterProcess = await harness.start();
});

afterEach(() => harness.closeClients());
afterAll(async () => {
  await database?.end();
  await harness?.close();
});

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
  it('counts every budget as spent once, since it is recorded to have reached further', async () => {
    const partition = 4;
    const account = accountIn(partition);
    await call(harness, harness.client(account), 'signups');
    await limiterProcess.stop();
    await database.query('update limiter_terms set reached = $1 where partition = $2', [
      journalRestored,
      partition,
    ]);
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
      const { rows } = await database.query<{ reached: string }>(
        'select reached from limiter_terms where partition = $1',
        [partition],
      );
      expect(Number(rows[0]?.reached)).toBe(claim);
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

describe('calls that the journal has lost', () => {
  /** As `recordStart` and `recordEnd` do. */
  async function record(permit: string, account: string, status: number | null): Promise<void> {
    await database.query(
      `insert into sync_logs (endpoint, target, message, started_at, permit, partition, account, lane, status, ended_at)
       values ('clubs', '20650', '', now(), $1, $2, $3, 'rider_sync', $4::int, case when $4::int is null then null else clock_timestamp() end)`,
      [permit, partitionOf(account), account, status],
    );
  }
  const clubs = async (account: string) =>
    (await harness.windows(account)).find(({ endpoint }) => endpoint === 'clubs');
  /** Everything stops, and the broker's disk is as it was before `during`. */
  async function loseEntries(during: () => Promise<void>): Promise<void> {
    const { nats } = harness.broker;
    const before = `${nats.storeDir}-before`;
    await harness.quiet();
    await nats.kill();
    await cp(nats.storeDir, before, { recursive: true });
    await nats.restart();
    await harness.reconnected();
    await during();
    await limiterProcess.stop();
    await nats.kill();
    await rm(nats.storeDir, { recursive: true });
    await rename(before, nats.storeDir);
    await nats.restart();
    await harness.reconnected();
    limiterProcess = await harness.start();
  }

  it.each([
    ['was answered', 200],
    ['has no outcome', null],
  ])('count again from the call log, and raise an alert: one that %s', async (_, status) => {
    const account = accountIn(1);
    const alerts: string[] = [];
    subscribe(await harness.connectAs('api'), catalog.alert, {}, ({ message }) => alerts.push(message));
    await loseEntries(async () =>
      record(await call(harness, harness.client(account), 'clubs'), account, status),
    );
    const window = await harness.until(() => clubs(account));
    expect(window).toMatchObject({ available: 0, unknownUntil: null });
    expect(window?.permits).toEqual([expect.objectContaining({ lane: 'rider_sync', restored: true })]);
    const other = await harness.until(() => harness.windows(accountIn(1)));
    expect(other.every(({ available }) => available > 0)).toBe(true);
    await harness.until(() => expect(alerts.join()).toContain('1 call restored from the call log'));
  });

  it('count by the journal when Postgres has lost them', async () => {
    const account = accountIn(1);
    await record(await call(harness, harness.client(account), 'clubs'), account, 200);
    await limiterProcess.stop();
    await database.query('truncate sync_logs, limiter_terms');
    limiterProcess = await harness.start();
    expect(await harness.until(() => clubs(account))).toMatchObject({ available: 0, unknownUntil: null });
  });

  it('do not count twice when the journal still has them', async () => {
    const account = accountIn(1);
    await record(await call(harness, harness.client(account), 'clubs'), account, 200);
    await restart();
    const window = await harness.until(() => clubs(account));
    expect(window?.permits.map(({ restored }) => restored)).toEqual([undefined]);
  });

  it('pause the budget for a window if one was answered with 429', async () => {
    const account = accountIn(1);
    await loseEntries(async () =>
      record(await call(harness, harness.client(account), 'clubs'), account, 429),
    );
    const window = await harness.until(() => clubs(account));
    expect(window?.pausedUntil.upstream).toBeGreaterThan(harness.clock.now());
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

  it('that vanished is not created again, and counts as spent once it is provisioned', async () => {
    const account = accountIn(5);
    await call(harness, harness.client(account), 'signups');
    const { admin } = harness.broker;
    const { streams } = await jetstreamManager(admin);
    await streams.delete(catalog.journal.stream);
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

describe('a takeover while Postgres is away', () => {
  it('grants nothing, and goes on by itself when it is back', async () => {
    const { postgres } = harness.broker;
    await limiterProcess.stop();
    await postgres.kill();
    const starting = harness.start();
    const made = call(harness, harness.client(accountIn(7)), 'clubs');
    await harness.pass(60_000);
    await expect(harness.windows(accountIn(7))).rejects.toThrow();
    await postgres.restart();
    limiterProcess = await starting;
    await made;
  });
});
