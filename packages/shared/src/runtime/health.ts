import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { redactUrl } from '../telemetry/index.ts';
import { within } from './shutdown.ts';

// An import would read every export of the module, which loads the client of `fetch`: 14 MB.
const { createServer } = process.getBuiltinModule('node:http');

/** Readiness checks by name; each throws or rejects with the reason when not ready. */
export type Checks = Readonly<Record<string, () => void | Promise<void>>>;

const maxCheckMs = 2_000;

/** Runs all checks in parallel. Each is `ok` or the reason; a check that takes over `limitMs` (real) fails. */
export async function readiness(checks: Checks, limitMs = maxCheckMs) {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await resultOf(check, limitMs)] as const),
  );
  return { ready: results.every(([, result]) => result === 'ok'), checks: Object.fromEntries(results) };
}

async function resultOf(check: () => void | Promise<void>, limitMs: number): Promise<string> {
  try {
    await within(limitMs, Promise.resolve().then(check));
    return 'ok';
  } catch (error) {
    return redactUrl(error instanceof Error ? error.message : String(error)) || 'not ready';
  }
}

export interface HealthOptions {
  readonly host: string;
  readonly port: number;
  /** Called for every request, as the checks change when a service starts and stops. */
  readonly checks: () => Checks;
  readonly metricsText: () => Promise<string>;
}

/** Serves `/livez`, `/readyz` (200 or 503, with each check) and `/metrics`. @throws when the address can't be bound */
export async function startHealthServer(options: HealthOptions) {
  const server = createServer((request, response) => {
    respond(options, request, response).catch((error: unknown) => {
      response.writeHead(500, text).end(`${String(error)}\n`);
    });
  });
  server.listen(options.port, options.host);
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

async function respond(
  { checks, metricsText }: HealthOptions,
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
      response.writeHead(404, text).end('Not found. Available: /livez, /readyz, /metrics\n');
  }
}
