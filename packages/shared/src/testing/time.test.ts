import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pause } from '../clock/index.ts';
import { catalog } from '../contracts/index.ts';
import { type DatabaseClient, openDatabase } from '../database/index.ts';
import { type Bus, createBus, done, handle, publish } from '../messaging/index.ts';
import { type TestBackend, sharedBackend } from './backend.ts';
import { type TestTime, testTime } from './time.ts';
import { testLog } from './log.ts';

const start = Date.UTC(2026, 10, 24, 18);
const minute = 60_000;
let backend: TestBackend;
let database: DatabaseClient;
let bus: Bus;
let time: TestTime;
let seen: string[];

beforeAll(async () => {
  backend = await sharedBackend();
  database = openDatabase(backend.databaseUrl, () => undefined);
  bus = createBus(backend.admin, testLog('time-test'));
});
beforeEach(async () => {
  seen = [];
  time = testTime(await backend.unwatchedConnection(), { scale: 60, anchor: start });
});
afterAll(async () => {
  await database?.close();
  await backend?.close();
});

const record = (what: string) => () => void seen.push(what);

describe('test time', () => {
  it('stands still while a query is pending, however long the query takes', async () => {
    void time.clock.sleep(minute).then(record('a minute'));
    void database.db.execute('select pg_sleep(0.3)').then(record('the query'));
    await time.until(() => expect(seen).toEqual(['the query', 'a minute']));
  });

  it('stands still until a message is delivered and handled', async () => {
    const handling = await handle(bus, catalog.addRider, async ({ riderId }) => {
      await database.db.execute('select 1');
      seen.push(`rider ${riderId}`);
      return done;
    });
    for (let riderId = 1; riderId <= 50; riderId += 1) {
      seen = [];
      void time.clock.sleep(minute).then(record('a minute'));
      const requestedAt = time.clock.now();
      await publish(bus, catalog.addRider, { commandId: crypto.randomUUID(), riderId, requestedAt });
      await time.until(() => expect(seen).toEqual([`rider ${riderId}`, 'a minute']));
    }
    await handling.stop();
  });

  it('jumps from timer to timer in order, each at its own time', async () => {
    const at = (name: string) => () => seen.push(`${name} at ${(time.clock.now() - start) / minute}`);
    void time.clock.sleep(3 * minute).then(at('sleeper'));
    void pause(time.clock.machine, 1_000).then(at('machine'));
    await time.pass(5 * minute);
    expect(seen).toEqual(['machine at 1', 'sleeper at 3']);
    expect(time.clock.now()).toBe(start + 5 * minute);
  });

  it('is shared by all waiters', async () => {
    const reached = async (minutes: number) => {
      await time.until(() => expect(time.clock.now()).toBeGreaterThanOrEqual(start + minutes * minute));
      seen.push(`${minutes}`);
    };
    for (let each = 1; each <= 9; each += 1) void time.clock.sleep(each * minute);
    await Promise.all([reached(7), reached(2), time.during(time.clock.sleep(4 * minute).then(record('4')))]);
    expect(seen).toEqual(['2', '4', '7']);
  });

  it('ends an unsuccessful wait with the last failure, after the given project time', async () => {
    const tick = async () => {
      for (;;) await time.clock.sleep(minute);
    };
    void tick();
    const unsuccessful = time.until(() => expect(time.clock.now()).toBe(0), 10 * minute);
    await expect(unsuccessful).rejects.toThrow('to be +0');
    expect(time.clock.now()).toBe(start + 10 * minute);
  });

  it('maps broker timestamps to project time', async () => {
    await time.pass(90 * minute);
    const { sequence } = await publish(bus, catalog.addRider, {
      commandId: crypto.randomUUID(),
      riderId: 1,
      requestedAt: time.clock.now(),
    });
    await time.pass(30 * minute);
    const { streams } = await jetstreamManager(backend.admin);
    const stored = await streams.getMessage(catalog.addRider.stream, { seq: sequence });
    expect(time.clock.at(stored?.time.getTime() ?? 0)).toBe(start + 90 * minute);
  });

  it('rejects waiters with the error of a timer', async () => {
    time.clock.machine.after(10, () => {
      throw new Error('service error');
    });
    await expect(time.pass(minute)).rejects.toThrow('service error');
  });

  it('rejects a check that waits for time, which would never end', async () => {
    const checking = time.until(() => time.pass(10), minute);
    await expect(checking).rejects.toThrow('a check cannot wait for time');
  });
});
