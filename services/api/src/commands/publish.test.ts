import { catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { type Bus, provision, publish } from '@paceline/shared/messaging';
import { eventually } from '@paceline/shared/testing';
import { eq, sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { log, startTestApi, type TestApi } from '../testing/api.ts';
import { fakeRiderSync, type FakeRiderSync } from '../testing/services.ts';
import { commandRow } from '../testing/rows.ts';
import { commandPublisher } from './publish.ts';

let test: TestApi;
let bus: Bus;
let fake: FakeRiderSync | undefined;

beforeAll(async () => {
  test = await startTestApi();
  bus = await test.busOf('rider-sync');
});
afterAll(() => test?.stop());
afterEach(async () => {
  await fake?.stop();
  fake = undefined;
});

/** Stores a command like an API process that died before it could publish it. */
async function storeUnpublished(overrides: Parameters<typeof commandRow>[1] = {}): Promise<string> {
  const commandId = crypto.randomUUID();
  const requestedAt = test.clock.now() - 60_000;
  await test.db
    .insert(tables.commands)
    .values(commandRow(commandId, { publishedAt: null, requestedAt, updatedAt: requestedAt, ...overrides }));
  return commandId;
}
const publishedAt = async (commandId: string) => {
  const [row] = await test.db.select().from(tables.commands).where(eq(tables.commands.commandId, commandId));
  return row?.publishedAt;
};
const published = (commandId: string) =>
  test.until(async () => expect(await publishedAt(commandId)).toEqual(expect.any(Number)));
const receivedIds = () => fake?.received.map(({ commandId }) => commandId) ?? [];
const executeCommands = async () => {
  fake = await fakeRiderSync(bus, test.db, (_, update) => update({ state: 'done' }));
};

describe('a command whose request died before publishing it', () => {
  it('is published and executed', async () => {
    await executeCommands();
    const commandId = await storeUnpublished();
    await published(commandId);
    await test.until(async () => {
      expect((await test.get(`/v1/commands/${commandId}`)).body.state).toBe('done');
    });
    expect(receivedIds()).toEqual([commandId]);
  });

  it('is executed once if it was published but not marked', async () => {
    const commandId = crypto.randomUUID();
    const requestedAt = test.clock.now();
    const api = await test.busOf('api');
    await publish(api, catalog.addRider, { commandId, riderId: 5, requestedAt }, { id: commandId });
    await test.db.insert(tables.commands).values(commandRow(commandId, { publishedAt: null, riderId: 5 }));
    await published(commandId);
    const after = await storeUnpublished();
    await executeCommands();
    await test.until(() => expect(receivedIds()).toContain(after));
    expect(receivedIds()).toEqual([commandId, after]);
  });

  it('is not published once it has ended', async () => {
    const finished = await storeUnpublished({ progress: { state: 'done' }, finishedAt: 1 });
    const open = await storeUnpublished();
    await published(open);
    expect(await publishedAt(finished)).toBeNull();
  });

  it('is not published while it is young and its request may still do so', async () => {
    const young = await storeUnpublished({ requestedAt: test.clock.now() + 3_600_000 });
    const open = await storeUnpublished();
    await published(open);
    expect(await publishedAt(young)).toBeNull();
  });
});

describe('a command that is being published', () => {
  it('is awaited and marked when the process ends', async () => {
    const api = await test.busOf('api');
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const publishLate: typeof api.js.publish = async (...message) => {
      await released;
      return api.js.publish(...message);
    };
    const slow: Bus = { ...api, js: Object.assign(Object.create(api.js), { publish: publishLate }) };
    const isFine = async () => undefined;
    const broker = { bus: () => slow, reach: async () => slow, connected: Promise.resolve(slow) };
    const publisher = commandPublisher(
      { ...broker, checks: { broker: isFine, storage: isFine }, close: isFine },
      test.db,
      test.clock,
      log,
    );
    // Young, so that the sweep ignores it.
    const requestedAt = Math.ceil(test.clock.now()) + 3_600_000;
    const commandId = await storeUnpublished({ requestedAt });
    void publisher.publish({ ...commandRow(commandId), riderId: 5, requestedAt, traceparent: null });
    let isSettled = false;
    const settling = publisher.settled().then(() => (isSettled = true));
    await test.quiet();
    expect(isSettled).toBe(false);
    release();
    await test.during(settling);
    expect(await publishedAt(commandId)).toEqual(expect.any(Number));
  });
});

describe('a command whose message the broker loses', () => {
  const sequenceOf = async (commandId: string) => {
    const [row] = await test.db
      .select()
      .from(tables.commands)
      .where(eq(tables.commands.commandId, commandId));
    return row?.sequence;
  };

  it('is published again, unlike one whose message is still in the stream', async () => {
    const { streams } = await (await test.busOf('admin')).js.jetstreamManager();
    const inStream = async () => (await streams.info('COMMANDS')).state.messages;
    const before = await inStream();
    const [lost, waiting] = [await storeUnpublished(), await storeUnpublished()];
    await Promise.all([lost, waiting].map(published));
    const [lostAt, waitingAt] = [await sequenceOf(lost), await sequenceOf(waiting)];
    await streams.deleteMessage('COMMANDS', lostAt ?? 0);
    await test.until(async () => expect(await sequenceOf(lost)).not.toBe(lostAt));

    expect(await sequenceOf(waiting)).toBe(waitingAt);
    expect(await inStream()).toBe(before + 2);
    await executeCommands();
    await test.until(() => expect(receivedIds()).toEqual(expect.arrayContaining([lost, waiting])));
  });
});

describe('a command while the broker has no stream for commands', () => {
  it('is accepted, and published later', async () => {
    const setup = await test.busOf('admin');
    await setup.connection.request('$JS.API.STREAM.DELETE.COMMANDS');
    const { status, body } = await test.post('/v1/riders', { riderId: 10 });
    expect(status).toBe(202);
    expect(body).toMatchObject({ state: 'waiting_in_line', estimatedAt: null });
    expect(await publishedAt(body.commandId)).toBeNull();

    await provision(setup.connection);
    await published(body.commandId);
    await executeCommands();
    await test.until(() => expect(receivedIds()).toContain(body.commandId));
  });
});

describe('a command while the database is blocked', () => {
  it('gets 202 and is stored once the database continues', async () => {
    const riderId = 4_711;
    const stored = () => test.db.$count(tables.commands, eq(tables.commands.riderId, riderId));
    const { adding } = await test.db.transaction(async (locked) => {
      await locked.execute(sql`lock table commands in share mode`);
      const response = test.post('/v1/riders', { riderId });
      await eventually(async () => expect(await blockedInserts()).toBe(1));
      return { adding: response };
    });
    expect((await adding).status).toBe(202);
    expect(await stored()).toBe(1);
  });
});

/** Number of command inserts that wait for a lock. */
async function blockedInserts(): Promise<number> {
  const { rows } = await test.db.execute(sql`
    select from pg_stat_activity where wait_event_type = 'Lock' and query like 'with given as%'`);
  return rows.length;
}
