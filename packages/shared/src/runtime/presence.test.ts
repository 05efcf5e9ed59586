import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Presence, presenceOf } from '../contracts/index.ts';
import { type Bus, connect, createBus, subscribe } from '../messaging/index.ts';
import { sharedBroker, type TestBroker, timeFor } from '../testing/backend.ts';
import { testLog } from '../testing/index.ts';
import { testEvening, type TestTime } from '../testing/time.ts';
import { announcePresence, presenceIntervalMs } from './presence.ts';

let broker: TestBroker;
let time: TestTime;
let bus: Bus;
let api: Bus;
const received: Presence[] = [];

beforeAll(async () => {
  broker = await sharedBroker();
  time = await timeFor(broker, { scale: 1, anchor: testEvening }, false);
  const log = testLog('presence-test');
  bus = createBus(await connect(broker.brokerUrl('rider-sync'), 'rider-sync'), log);
  api = createBus(await connect(broker.brokerUrl('api'), 'api'), log);
  subscribe(api, presenceOf['rider-sync'], {}, (presence) => received.push(presence));
  await api.connection.flush();
});
afterAll(async () => {
  await bus?.connection.close();
  await api?.connection.close();
  await broker?.close();
});

describe('presence of a process', () => {
  it('is sent every second with its failing checks, and once more when it leaves', async () => {
    let database: string | undefined;
    const checks = {
      broker: () => undefined,
      database() {
        if (database !== undefined) throw new Error(database);
      },
    };
    const { machine } = time.clock;
    const presence = announcePresence({ service: 'rider-sync', bus, checks, machine });
    await time.until(() => expect(received).toHaveLength(1));
    database = 'no response';
    await time.pass(2 * presenceIntervalMs);
    presence.leave();
    await time.pass(5 * presenceIntervalMs);
    const [{ process } = { process: '' }] = received;
    const failing = [{ check: 'database', reason: 'no response' }];
    expect(received).toEqual([
      { process, failing: [], leaving: false },
      { process, failing, leaving: false },
      { process, failing, leaving: false },
      { process, failing: [], leaving: true },
    ]);
  });
});
