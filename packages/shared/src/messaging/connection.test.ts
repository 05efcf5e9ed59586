import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { testNats } from '../testing/index.ts';
import { firstConnection } from './connection.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

it('a login that the broker has not received in time is tried again, another refusal is not', async () => {
  const user = { user: 'u', password: 'p', publish: ['>'], subscribe: ['>'] };
  const nats = await testNats({ users: [user] });
  ends.push(() => nats.stop());
  // What a broker says when its own time for a login is over.
  const busy = createServer((socket) => {
    socket.write(
      'INFO {"server_id":"busy","version":"2.15.1","max_payload":1048576,"auth_required":true}\r\n',
    );
    socket.once('data', () => socket.end("-ERR 'Authentication Timeout'\r\n"));
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  ends.push(() => busy.close());
  await once(busy, 'listening');
  const { port } = busy.address() as AddressInfo;

  const options = { servers: [`127.0.0.1:${port}`], user: 'u', pass: 'p', reconnect: false };
  const waiting = Promise.withResolvers<string>();
  const connecting = firstConnection(options, waiting.resolve);
  expect(await waiting.promise).toMatch(/Authentication Timeout/i);
  options.servers[0] = `127.0.0.1:${nats.port}`;
  await (await connecting).close();

  await expect(firstConnection({ ...options, pass: 'wrong' }, () => undefined)).rejects.toThrow(
    'Authorization Violation',
  );
});
