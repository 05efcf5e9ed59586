import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../config/index.ts';
import { originOf, type Service, services } from '../contracts/index.ts';
import { sharedBroker, type TestBroker } from '../testing/backend.ts';
import { testLog } from '../testing/index.ts';
import { assertOwnBroker, assertOwnState, connect, createBus, markState } from './index.ts';

let broker: TestBroker;
const fast = { scale: 60, anchor: 1_764_788_400_000 };
const sandbox = originOf(undefined, fast);
const upstream = originOf('https://upstream.example/api', { scale: 1, anchor: 0 });

beforeAll(async () => {
  broker = await sharedBroker();
});
afterAll(() => broker?.close());

async function asService(service: Service, own: Parameters<typeof assertOwnState>[1]): Promise<void> {
  const connection = await connect(broker.brokerUrl(service), service);
  try {
    await assertOwnState(createBus(connection, testLog('origin-test')), own);
  } finally {
    await connection.close();
  }
}

describe('the state on a broker', () => {
  it('belongs to nothing before it is marked', async () => {
    await expect(assertOwnBroker(broker.admin, upstream)).resolves.toBeUndefined();
    for (const service of services) await asService(service, upstream);
  });

  it('belongs to the first upstream and clock that mark it', async () => {
    await markState(broker.admin, sandbox);
    await markState(broker.admin, upstream);
    await assertOwnBroker(broker.admin, sandbox);
    await expect(assertOwnBroker(broker.admin, upstream)).rejects.toBeInstanceOf(ConfigError);
  });

  it.each(services)('is checked by %s, which may read the mark but not change it', async (service) => {
    await asService(service, sandbox);
    await asService(service, { clock: sandbox.clock });
    await expect(asService(service, { clock: 'real time' })).rejects.toThrow(
      `its clock is "${sandbox.clock}", the configured one "real time"`,
    );
    await expect(asService(service, upstream)).rejects.toThrow('"upstream.example/api"');
  });
});
