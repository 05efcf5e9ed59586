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

/** What Node's parser says of a head or a body, as far as it is not only garbage. */
const problemOf: Readonly<Record<string, () => Problem>> = {
  HPE_HEADER_OVERFLOW: () => new Problem('head-too-large', 'A head may have 16 kB'),
  ERR_HTTP_REQUEST_TIMEOUT: () => new Problem('too-slow', 'The request did not come within its time'),
};
const garbage = () => new Problem('invalid-input', 'This is no request of HTTP/1.1');

const hostless = () => new Problem('invalid-input', 'The header Host is missing');

const noRoute = '';

function refuseUnreadable(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const problem = (problemOf[error.code ?? ''] ?? garbage)();
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else void endWith(problemResponse(problem, noRoute), socket);
  });
  server.on('checkExpectation', (_, response) => {
    const problem = new Problem('expectation-failed', 'The only expectation that is met is 100-continue');
    void endWith(problemResponse(problem, noRoute), response.socket);
  });
}

async function endWith(answer: Response, socket: Duplex | null): Promise<void> {
  const body = await answer.text();
  socket?.end(
    [
      `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`,
      `content-type: ${answer.headers.get('content-type')}`,
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
  /** Takes no new requests and returns when those in hand are answered; connections without a request are cut off. */
  drain(): Promise<void>;
  close(): void;
}

/** What a client may take of the server, in real ms and bytes: slow ones cost a connection for so long. */
const clientTimeouts = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16 * 1_024,
};
/** Real ms without a byte in either direction; a stream says something every 15 s. */
const longestSilenceMs = 120_000;
const mostConnections = 5_000;

/** Real ms. Longer than clients keep a connection: the server must not close it while a request is on its way. */
const keptAliveMs = 75_000;

/** Real ms between two looks whether all is answered; what a client has just sent is read by then. */
const lookMs = 50;

export interface ServerTls {
  readonly cert: string;
  readonly key: string;
}

/** Serves `fetch` on `host`; port 0 takes any free one. @throws {Error} when the port is taken */
export async function listenHttp(
  fetch: (request: Request, bindings: HttpBindings) => Response | Promise<Response>,
  host: string,
  port: number,
  tls?: ServerTls,
  options: ServerOptions = {},
): Promise<HttpServer> {
  const answer = getRequestListener((request, bindings) => fetch(request, bindings as HttpBindings), {
    hostname: host,
    // The adapter could not make a request of it, e.g. because of its host or path.
    errorHandler: (error) =>
      problemResponse(
        error instanceof RequestError
          ? new Problem('invalid-input', error.message)
          : new Problem('unexpected', 'The API could not answer'),
        noRoute,
      ),
  });
  let inHand = 0;
  const take = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    inHand += 1;
    outgoing.once('close', () => (inHand -= 1));
    // Older requests need none, as some probes are.
    const lacksHost = incoming.httpVersion === '1.1' && incoming.headers.host === undefined;
    if (lacksHost) void endWith(problemResponse(hostless(), noRoute), outgoing.socket);
    else void answer(incoming, outgoing);
  };
  // Node itself would refuse a request without a host, and say nothing.
  const all = { ...clientTimeouts, keepAliveTimeout: keptAliveMs, requireHostHeader: false, ...options };
  const server = tls ? createSecureServer({ ...all, ...tls }, take) : createServer(all, take);
  refuseUnreadable(server);
  server.timeout = longestSilenceMs;
  server.maxConnections = mostConnections;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`Port ${port} of ${host} is taken; set API_PORT to a free one`, { cause: error });
  }
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    async drain() {
      server.close();
      do {
        await pause(lookMs);
        // Else a kept connection would go on asking.
        server.closeIdleConnections();
      } while (inHand > 0);
      // Those that never asked (browsers open some ahead), which Node takes for busy and, once closed, never looks at again.
      server.closeAllConnections();
    },
    close: () => server.closeAllConnections(),
  };
}
