import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Checks, readiness } from './readiness.ts';

export interface HealthServer {
  readonly url: string;
  close(): Promise<void>;
}

export interface HealthSettings {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Asked anew for every request, since what must be ready changes as a service starts and stops. */
  readonly checks: () => Checks;
  readonly metricsText: () => Promise<string>;
}

/**
 * Serves `/livez` (200 as long as the event loop turns), `/readyz` (200 or 503, naming each check) and `/metrics`.
 * @throws when the address can't be bound
 */
export async function startHealthServer(settings: HealthSettings): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(settings, request, response).catch((error: unknown) => {
      response.writeHead(500, text).end(`${String(error)}\n`);
    });
  });
  server.listen(settings.port, settings.host);
  await once(server, 'listening');
  const { address, family, port } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const text = { 'content-type': 'text/plain; charset=utf-8' };
const prometheusText = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };

async function answer(
  { checks, metricsText }: HealthSettings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  switch (request.url) {
    case '/livez':
      response.writeHead(200, text).end('ok\n');
      return;
    case '/readyz': {
      const state = await readiness(checks());
      response
        .writeHead(state.ready ? 200 : 503, { 'content-type': 'application/json' })
        .end(JSON.stringify(state));
      return;
    }
    case '/metrics': {
      const metrics = await metricsText();
      response.writeHead(200, prometheusText).end(metrics);
      return;
    }
    default:
      response.writeHead(404, text).end('There are /livez, /readyz and /metrics.\n');
  }
}
