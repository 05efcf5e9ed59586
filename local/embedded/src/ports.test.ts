import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { assertPortFree, freePort, portIsFree } from './system.ts';

it('freePort returns a port that is free until a server listens on it', async () => {
  const port = await freePort();
  expect(await portIsFree(port)).toBe(true);
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  expect(await portIsFree(port)).toBe(false);
  await expect(assertPortFree(port)).rejects.toThrow(`port ${port} is already in use: `);
  server.close();
  await once(server, 'close');
  expect(await portIsFree(port)).toBe(true);
});

it('freePort returns no port twice', async () => {
  const ports = await Promise.all(Array.from({ length: 400 }, () => freePort()));
  expect(new Set(ports).size).toBe(ports.length);
});

it('portIsFree detects a listener on all addresses', async () => {
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  const address = server.address();
  expect(await portIsFree(typeof address === 'object' ? (address?.port ?? 0) : 0)).toBe(false);
  server.close();
});

it('assertPortFree accepts port 0, which means any', async () => {
  await expect(assertPortFree(0)).resolves.toBeUndefined();
});
