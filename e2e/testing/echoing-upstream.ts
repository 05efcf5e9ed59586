import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SystemText } from './planted.ts';

/** A call of each kind that can show a key: the statuses that its caller gets. */
const echoingCalls = {
  '/plain': 200,
  '/echo': 200,
  '/echo-error': 500,
  '/reset': 502,
  '/silent': 504,
  '/limited': 429,
} as const;

/** Two upstreams at one address, of which one takes its key from a header, and the other from the query. Both repeat it in answers. */
export async function startEchoingUpstreams(folder: string, keys: { header: string; query: string }) {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const key = url.searchParams.get('appid') ?? String(request.headers['x-client']);
    const next = `${url.origin}/next?appid=${encodeURIComponent(key)}`;
    const text = JSON.stringify({ message: `the key ${key} is valid`, next });
    const headers = { link: `<${next}>; rel="next"`, etag: `"${key}"`, 'x-client': key };
    switch (url.pathname) {
      case '/reset':
        return request.socket.resetAndDestroy();
      case '/silent':
        return undefined;
      case '/echo':
        return response.writeHead(200, headers).end(text);
      case '/echo-error':
        return response.writeHead(500, headers).end(text);
      case '/limited':
        return response.writeHead(429, { ...headers, 'retry-after': '1' }).end(text);
      default:
        return response.writeHead(200).end('{}');
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await mkdir(folder, { recursive: true });
  const files = await Promise.all([
    writeUpstream(folder, 'by_header', '{ header: X-Client, secret: BY_HEADER_CLIENT }'),
    writeUpstream(folder, 'by_query', '{ query: appid, secret: BY_QUERY_CLIENT }'),
  ]);
  return {
    env: {
      UPSTREAMS: ['zwiftracing', ...files].join(','),
      API_UPSTREAMS: 'zwiftracing,by_header,by_query',
      BY_HEADER_BASE_URL: baseUrl,
      BY_QUERY_BASE_URL: baseUrl,
      BY_HEADER_CLIENT: keys.header,
      BY_QUERY_CLIENT: keys.query,
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Makes a call of each kind through the door of both, and returns what their caller gets. */
export async function callEchoing(call: (path: string) => Promise<Response>): Promise<SystemText[]> {
  const answers: SystemText[] = [];
  for (const [path, status] of Object.entries(echoingCalls))
    for (const where of [`by_header${path}`, `by_query${path}`]) {
      const response = await call(where);
      expect([where, response.status]).toEqual([where, status]);
      answers.push({ where, text: JSON.stringify([...response.headers]) + (await response.text()) });
    }
  return answers;
}

/** @returns its path */
async function writeUpstream(folder: string, name: string, auth: string): Promise<string> {
  const path = join(folder, `${name}.yaml`);
  const calls = Object.keys(echoingCalls).map((call) => `GET ${call}`);
  await writeFile(
    path,
    `label: ${name}
baseUrl: https://${name.replace('_', '-')}.example
auth: ${auth}
budgets:
  all: { label: All, limit: 100 per 1m }
endpoints:
  all: { calls: [${calls.join(', ')}] }
`,
  );
  return path;
}
