import { afterAll, beforeAll, expect, it } from 'vitest';
import { catalog } from '../contracts/index.ts';
import { sharedBrokerAccount } from '../testing/backend.ts';
import { type Bus, connect, createBus, request, RequestFailed, respond, respondWith } from './index.ts';
import { testLog } from '../testing/log.ts';

let bus: Bus;
beforeAll(async () => {
  const urlOf = await sharedBrokerAccount();
  bus = createBus(await connect(urlOf('admin'), 'api'), testLog('request-test'));
});
afterAll(() => bus?.connection.close());

it('rejects a request with the reason when the reply is invalid, also when sent later', async () => {
  respond(bus, catalog.status, { partition: 1 }, (_, reply) => {
    // @ts-expect-error An invalid reply.
    setImmediate(() => reply({ queue: 'long' }));
  });
  const reply = request(bus, catalog.status, { partition: 1 }, { account: 'a' }, 2_000);
  await expect(reply).rejects.toThrow(/queue: Invalid input/);
});

it('answers with the reason at once when the work fails, at once or later', async () => {
  const slow = 60_000;
  respond(bus, catalog.status, { partition: 2 }, () => {
    throw new Error('out of paper');
  });
  respondWith(bus, catalog.currentSchedule, 'scheduler', async () => {
    await Promise.resolve();
    throw new Error('no schedule\nis in force');
  });
  const status = request(bus, catalog.status, { partition: 2 }, { account: 'a' }, slow);
  await expect(status).rejects.toEqual(new RequestFailed('out of paper'));
  const schedule = request(bus, catalog.currentSchedule, {}, {}, slow);
  await expect(schedule).rejects.toEqual(new RequestFailed('no schedule is in force'));
});
