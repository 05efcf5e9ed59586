import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Received {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An upstream that records every request exactly as it arrives. */
export interface TestUpstream {
  /** With a path, like those of real ones. */
  readonly baseUrl: string;
  readonly received: Received[];
  /** How the next requests are answered. */
  answer: (response: ServerResponse, request: Received) => void;
  stop(): void;
}

export async function startUpstream(): Promise<TestUpstream> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const each = { line: `${request.method} ${request.url}`, headers: request.headers, body };
    received.push(each);
    upstream.answer(response, each);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upstream: TestUpstream = {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    received,
    answer: (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}'),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
  return upstream;
}
