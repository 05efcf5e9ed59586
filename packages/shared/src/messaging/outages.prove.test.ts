import { expect, it } from 'vitest';
import { catalog } from '../contracts/index.ts';
import { eventually, testNats, testLog } from '../testing/index.ts';
import { connect, createBus, done, handle, provision, publish } from './index.ts';

it('work continues after a broker crash and restart', async () => {
  await using nats = await testNats();
  const connection = await connect(nats.url, 'provision');
  await provision(connection);
  const bus = createBus(connection, testLog('messaging-test'));
  const seen: number[] = [];
  const handling = await handle(bus, catalog.addRider, async ({ riderId }) => {
    seen.push(riderId);
    return done;
  });
  await nats.kill();
  const published = publish(bus, catalog.addRider, { commandId: 'c', riderId: 9, requestedAt: 0 });
  await nats.restart();
  await published;
  await eventually(() => expect(seen).toEqual([9]), { timeoutMs: 30_000 });
  await handling.stop();
  await connection.close();
});
