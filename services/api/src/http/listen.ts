import {
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
  createServer,
  type ServerOptions,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { RequestError, getRequestListener, type HttpBindings } from '@hono/node-server';
import { Problem, problemResponse } from './problem.ts';
import { once } from 'node:events';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Problems for the error codes of Node's HTTP parser; all other codes mean an invalid request. */
const problemByCode: Readonly<Record<string, () => Problem>> = {
  HPE_HEADER_OVERFLOW: () => new Problem('headers-too-large', 'Address and headers can have up to 16 kB'),
  ERR_HTTP_REQUEST_TIMEOUT: () => new Problem('too-slow', 'The request did not arrive in time'),
};
const notHttp = () => new Problem('invalid-input', 'Not a valid HTTP/1.1 request');

const hostMissing = () => new Problem('invalid-input', 'The Host header is missing');

/** Problems before routing have no path. */
const noPath = '';

function rejectUnreadable(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const problem = (problemByCode[error.code ?? ''] ?? notHttp)();
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else void endWith(problemResponse(problem, noPath), socket);
  });
  server.on('checkExpectation', (_, response) => {
    const problem = new Problem('expectation-failed', 'Expect supports only 100-continue');
    void endWith(problemResponse(problem, noPath), response.socket);
  });
}

async function endWith(response: Response, socket: Duplex | null): Promise<void> {
  const body = await response.text();
  socket?.end(
    [
      `HTTP/1.1 ${response.status} ${STATUS_CODES[response.status]}`,
      `content-type: ${response.headers.get('content-type')}`,
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** From now on each response closes its connection, so that clients open the next one elsewhere. */
  leave(): void;
  /** Stops accepting requests, waits for the open ones, then cuts idle connections. */
  drain(): Promise<void>;
  close(): void;
}

/** Limits for slow or oversized requests, in real ms and bytes. */
const clientTimeouts = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16 * 1_024,
};
/** Real ms without a byte in either direction; streams send a heartbeat every 15 s. */
const maxSilenceMs = 120_000;
const maxConnections = 5_000;

/** Real ms. Longer than clients keep a connection, so that it isn't closed while a request is in flight. */
const keepAliveMs = 75_000;

/** Real ms between two checks for open requests; long enough to read what a client has just sent. */
const drainCheckMs = 50;

export interface ServerTls {
  readonly cert: string;
  readonly key: string;
}

/** Serves `fetch` on `host`; port 0 picks a free one. @throws {Error} when the port is in use */
export async function listenHttp(
  fetch: (request: Request, bindings: HttpBindings) => Response | Promise<Response>,
  host: string,
  port: number,
  tls?: ServerTls,
  options: ServerOptions = {},
): Promise<HttpServer> {
  const respond = getRequestListener((request, bindings) => fetch(request, bindings as HttpBindings), {
    hostname: host,
    // The adapter could not parse it, e.g. because of its host or path.
    errorHandler: (error) =>
      problemResponse(
        error instanceof RequestError
          ? new Problem('invalid-input', error.message)
          : new Problem('unexpected', "Unexpected error; the cause is in the API's log"),
        noPath,
      ),
  });
  let openRequests = 0;
  let isLeaving = false;
  const handle = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    openRequests += 1;
    outgoing.once('close', () => (openRequests -= 1));
    if (isLeaving) outgoing.shouldKeepAlive = false;
    // HTTP/1.0, which some probes use, needs no Host.
    const lacksHost = incoming.httpVersion === '1.1' && incoming.headers.host === undefined;
    if (lacksHost) void endWith(problemResponse(hostMissing(), noPath), outgoing.socket);
    else void respond(incoming, outgoing);
  };
  // Node itself would reject a missing host with an empty response.
  const serverOptions = {
    ...clientTimeouts,
    keepAliveTimeout: keepAliveMs,
    requireHostHeader: false,
    ...options,
  };
  const server = tls
    ? createSecureServer({ ...serverOptions, ...tls }, handle)
    : createServer(serverOptions, handle);
  rejectUnreadable(server);
  server.timeout = maxSilenceMs;
  server.maxConnections = maxConnections;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`Port ${port} on ${host} is already in use; set API_PORT to a free port`, {
      cause: error,
    });
  }
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    leave: () => (isLeaving = true),
    async drain() {
      isLeaving = true;
      server.close();
      do {
        await pause(drainCheckMs);
        // Otherwise clients would keep sending requests on open connections.
        server.closeIdleConnections();
      } while (openRequests > 0);
      // Browsers open connections ahead. Node counts them as busy and stops checking them once the server is closed.
      server.closeAllConnections();
    },
    close: () => server.closeAllConnections(),
  };
}
