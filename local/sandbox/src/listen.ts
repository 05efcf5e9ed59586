import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { SandboxSettings } from './config.ts';

type Fetch = Parameters<typeof createAdaptorServer>[0]['fetch'];

/** Serves a sandbox over HTTP. @throws when the port is in use */
export async function listen(fetch: Fetch, { host, port }: Pick<SandboxSettings, 'host' | 'port'>) {
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false }) as Server;
  await once(server.listen(port, host), 'listening');
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    origin: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    async close() {
      const closed = once(server.close(), 'close');
      server.closeAllConnections();
      await closed;
    },
  };
}
