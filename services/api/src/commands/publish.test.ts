import { catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { type Bus, provision, publish } from '@paceline/shared/messaging';
import { eventually } from '@paceline/shared/testing';
import { eq, sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { log, startTestApi, type TestApi } from '../testing/api.ts';
import { playRiderSync, type StandIn } from '../testing/services.ts';
import { commandRow } from '../testing/rows.ts';
import { commandPublisher } from './publish.ts';

let test: TestApi;
let bus: Bus;
let standIn: StandIn | undefined;

beforeAll(async () => {
  test = await startTestApi();
  bus = await test.busOf('rider-sync');
});
afterAll(() => test?.stop());
afterEach(async () => {
  await standIn?.stop();
  standIn = undefined;
});

/** As an API leaves it that died before it could publish it. */
async function leaveBehind(known: Parameters<typeof commandRow>[1] = {}): Promise<string> {
  const commandId = crypto.randomUUID();
  const requestedAt = test.clock.now() - 60_000;
  await test.db
    .insert(tables.commands)
    .values(commandRow(commandId, { publishedAt: null, requestedAt, updatedAt: requestedAt, ...known }));
  return commandId;
}
const publishedAt = async (commandId: string) => {
  const [row] = await test.db.select().from(tables.commands).where(eq(tables.commands.commandId, commandId));
  return row?.publishedAt;
};
const published = (commandId: string) =>
  test.until(async () => expect(await publishedAt(commandId)).toEqual(expect.any(Number)));
const receivedIds = () => standIn?.received.map(({ commandId }) => commandId) ?? [];
const carryOut = async () => {
  standIn = await playRiderSync(bus, test.db, (_, move) => move({ state: 'done' }));
};

describe('a command whose request died before it was handed on', () => {
  it('is handed on and carried out', async () => {
    await carryOut();
    const commandId = await leaveBehind();
    await published(commandId);
    await test.until(async () => {
      expect((await test.get(`/v1/commands/${commandId}`)).body.state).toBe('done');
    });
    expect(receivedIds()).toEqual([commandId]);
  });

  it('is carried out once, when it was handed on already but nobody had written it down', async () => {
    const commandId = crypto.randomUUID();
    const requestedAt = test.clock.now();
    const api = await test.busOf('api');
    await publish(api, catalog.addRider, { commandId, riderId: 5, requestedAt }, { id: commandId });
    await test.db.insert(tables.commands).values(commandRow(commandId, { publishedAt: null, riderId: 5 }));
    await published(commandId);
    const after = await leaveBehind();
    await carryOut();
    await test.until(() => expect(receivedIds()).toContain(after));
    expect(receivedIds()).toEqual([commandId, after]);
  });

  it('is left alone when it is finished', async () => {
    const finished = await leaveBehind({ progress: { state: 'done' }, finishedAt: 1 });
    const open = await leaveBehind();
    await published(open);
    expect(await publishedAt(finished)).toBeNull();
  });

  it('may still be in the hands of its request while it is young', async () => {
    const young = await leaveBehind({ requestedAt: test.clock.now() + 3_600_000 });
    const open = await leaveBehind();
    await published(open);
    expect(await publishedAt(young)).toBeNull();
  });
});

describe('a command that is being handed on', () => {
  it('is waited for when the process ends, and marked', async () => {
    const api = await test.busOf('api');
    const { promise: taken, resolve: take } = Promise.withResolvers<void>();
    const publishLate: typeof api.js.publish = async (...message) => {
      await taken;
      return api.js.publish(...message);
    };
    const slow: Bus = { ...api, js: Object.assign(Object.create(api.js), { publish: publishLate }) };
    const broker = { bus: () => slow, reach: async () => slow, connected: Promise.resolve(slow) };
    const publisher = commandPublisher({ ...broker, close: async () => undefined }, test.db, test.clock, log);
    // Young: the sweep leaves it to its request.
    const requestedAt = Math.ceil(test.clock.now()) + 3_600_000;
    const commandId = await leaveBehind({ requestedAt });
    void publisher.publish({ ...commandRow(commandId), riderId: 5, requestedAt, traceparent: null });
    let isSettled = false;
    const settling = publisher.settled().then(() => (isSettled = true));
    await test.quiet();
    expect(isSettled).toBe(false);
    take();
    await test.during(settling);
    expect(await publishedAt(commandId)).toEqual(expect.any(Number));
  });
});

describe('a command that the broker loses after it took it', () => {
  const sequenceOf = async (commandId: string) => {
    const [row] = await test.db
      .select()
      .from(tables.commands)
      .where(eq(tables.commands.commandId, commandId));
    return row?.sequence;
  };

  it('is handed on anew, and one that waits in its stream is not', async () => {
    const { streams } = await (await test.busOf('admin')).js.jetstreamManager();
    const inStream = async () => (await streams.info('COMMANDS')).state.messages;
    const before = await inStream();
    const [lost, waits] = [await leaveBehind(), await leaveBehind()];
    await Promise.all([lost, waits].map(published));
    const [lostAt, waitsAt] = [await sequenceOf(lost), await sequenceOf(waits)];
    await streams.deleteMessage('COMMANDS', lostAt ?? 0);
    await test.until(async () => expect(await sequenceOf(lost)).not.toBe(lostAt));

    expect(await sequenceOf(waits)).toBe(waitsAt);
    expect(await inStream()).toBe(before + 2);
    await carryOut();
    await test.until(() => expect(receivedIds()).toEqual(expect.arrayContaining([lost, waits])));
  });
});

describe('while the broker has no stream for commands', () => {
  it('a command that the broker does not take is accepted, and handed on later', async () => {
    const setup = await test.busOf('admin');
    await setup.connection.request('$JS.API.STREAM.DELETE.COMMANDS');
    const { status, body } = await test.post('/v1/riders', { riderId: 10 });
    expect(status).toBe(202);
    expect(body).toMatchObject({ state: 'waiting_in_line', estimatedAt: null });
    expect(await publishedAt(body.commandId)).toBeNull();

    await provision(setup.connection);
    await published(body.commandId);
    await carryOut();
    await test.until(() => expect(receivedIds()).toContain(body.commandId));
  });
});

describe('the API, while the database does not take a command', () => {
  it('answers 202 when the database goes on, and keeps the command', async () => {
    const riderId = 4_711;
    const kept = () => test.db.$count(tables.commands, eq(tables.commands.riderId, riderId));
    const { adding } = await test.db.transaction(async (locked) => {
      await locked.execute(sql`lock table commands in share mode`);
      const answer = test.post('/v1/riders', { riderId });
      await eventually(async () => expect(await insertsThatWait()).toBe(1));
      return { adding: answer };
    });
    expect((await adding).status).toBe(202);
    expect(await kept()).toBe(1);
  });
});

/** Inserts of commands that wait for a lock. */
async function insertsThatWait(): Promise<number> {
  const { rows } = await test.db.execute(sql`
    select from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into "commands"%'`);
  return rows.length;
}
