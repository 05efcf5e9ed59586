import { Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../config/index.ts';
import {
  originBucket,
  originKey,
  type Origin,
  originOf,
  type Service,
  services,
} from '../contracts/index.ts';
import { sharedBroker, sharedBrokerAccount, type TestBroker } from '../testing/backend.ts';
import { testLog } from '../testing/index.ts';
import { brokerOrigin, connect, createBus, markBroker } from './index.ts';

let broker: TestBroker;
const fast = { scale: 60, anchor: 1_764_788_400_000 };
const sandbox = originOf(undefined, fast);
const upstream = originOf('https://upstream.example/api', { scale: 1, anchor: 0 });

beforeAll(async () => {
  broker = await sharedBroker();
});
afterAll(() => broker?.close());

async function readBy(service: Service): Promise<Origin | undefined> {
  const connection = await connect(broker.brokerUrl(service), service);
  try {
    return await brokerOrigin(createBus(connection, testLog('origin-test')).js);
  } finally {
    await connection.close();
  }
}

describe('the origin of the state on a broker', () => {
  it('is unknown before it is marked, and before the broker is provisioned', async () => {
    expect(await brokerOrigin(broker.admin)).toBeUndefined();
    for (const service of services) expect(await readBy(service)).toBeUndefined();
    const connection = await connect((await sharedBrokerAccount())('admin'), 'provision');
    expect(await brokerOrigin(connection).finally(() => connection.close())).toBeUndefined();
  });

  it('is the first one that marks it', async () => {
    await markBroker(broker.admin, sandbox);
    await markBroker(broker.admin, upstream);
    expect(await brokerOrigin(broker.admin)).toEqual(sandbox);
  });

  it.each(services)('can be read by %s, which has no permission to change it', async (service) => {
    expect(await readBy(service)).toEqual(sandbox);
  });

  it('is refused with what to do when its mark cannot be read', async () => {
    const bucket = await new Kvm(broker.admin).open(originBucket);
    const mark = await bucket.get(originKey);
    await bucket.put(originKey, '{"upstream":');
    await expect(brokerOrigin(broker.admin)).rejects.toThrow(/cannot be read.*delete the key/);
    await expect(readBy('api')).rejects.toBeInstanceOf(ConfigError);
    await bucket.put(originKey, mark?.value ?? '');
  });
});
