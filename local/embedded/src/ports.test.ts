import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { demandFreePort, freePort, portIsFree } from './system.ts';

it('names a free port, which is free until somebody listens on it', async () => {
  const port = await freePort();
  expect(await portIsFree(port)).toBe(true);
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  expect(await portIsFree(port)).toBe(false);
  await expect(demandFreePort(port)).rejects.toThrow(`port ${port} is taken: `);
  server.close();
  await once(server, 'close');
  expect(await portIsFree(port)).toBe(true);
});

it('gives no port to two', async () => {
  const ports = await Promise.all(Array.from({ length: 400 }, () => freePort()));
  expect(new Set(ports).size).toBe(ports.length);
});

it('notices a listener on all addresses too', async () => {
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  const address = server.address();
  expect(await portIsFree(typeof address === 'object' ? (address?.port ?? 0) : 0)).toBe(false);
  server.close();
});

it('has nothing against port 0, which means any', async () => {
  await expect(demandFreePort(0)).resolves.toBeUndefined();
});
