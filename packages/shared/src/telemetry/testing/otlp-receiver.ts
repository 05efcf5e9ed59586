import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { type ExportedSpans, type ReceivedSpan, readSpans } from './otlp-json.ts';

export type { ReceivedSpan } from './otlp-json.ts';

export interface OtlpReceiver {
  readonly url: string;
  /** What a process must have in its environment to send its spans here at once. */
  readonly env: Readonly<Record<string, string>>;
  /** Every span received so far, in the order of arrival. */
  spans(): ReceivedSpan[];
  close(): Promise<void>;
}

/** Starts a collector for tests on a free port of loopback. It reads OTLP as JSON only, and ignores metrics. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const received: ReceivedSpan[] = [];
  const receive = async (request: IncomingMessage): Promise<number> => {
    if (request.headers['content-type'] !== 'application/json') return 415;
    const body = await json(request);
    if (request.url === '/v1/traces') received.push(...readSpans(body as ExportedSpans));
    return 200;
  };
  const server = createServer((request, response) => {
    receive(request).then(
      (status) => response.writeHead(status, { 'content-type': 'application/json' }).end('{}'),
      () => response.writeHead(400).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    },
    spans: () => [...received],
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
