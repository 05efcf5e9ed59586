import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { redactUrl } from '../telemetry/index.ts';
import { within } from './shutdown.ts';

/** Readiness checks by name; each throws or rejects with its reason when it isn't ready. */
export type Checks = Readonly<Record<string, () => void | Promise<void>>>;

const longestCheckMs = 2_000;

/** Runs all checks at once: `ok` or the reason by name. Without an answer within `limitMs` (real) it isn't ready. */
export async function readiness(checks: Checks, limitMs = longestCheckMs) {
  const answers = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await answerOf(check, limitMs)] as const),
  );
  return { ready: answers.every(([, answer]) => answer === 'ok'), checks: Object.fromEntries(answers) };
}

async function answerOf(check: () => void | Promise<void>, limitMs: number): Promise<string> {
  try {
    await within(limitMs, Promise.resolve().then(check));
    return 'ok';
  } catch (error) {
    return redactUrl(error instanceof Error ? error.message : String(error)) || 'not ready';
  }
}

export interface HealthSettings {
  readonly host: string;
  readonly port: number;
  /** Called for every request: what must be ready changes as a service starts and stops. */
  readonly checks: () => Checks;
  readonly metricsText: () => Promise<string>;
}

/** Serves `/livez`, `/readyz` (200 or 503, with each check) and `/metrics`. @throws when the address can't be bound */
export async function startHealthServer(settings: HealthSettings) {
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
