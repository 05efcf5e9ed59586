import { afterAll, beforeAll, expect, it } from 'vitest';
import { catalog } from '../contracts/index.ts';
import { sharedBrokerAccount } from '../testing/backend.ts';
import { type Bus, connect, createBus, request, respond } from './index.ts';
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
