import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { inputsOf } from '@paceline/api/testing/inputs.ts';
import type { TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/shared/testing';
import fc from 'fast-check';
import { type FuzzRequest, attemptsAt } from './requests.ts';

interface ApiDocument {
  readonly paths: Record<string, Record<string, Parameters<typeof inputsOf>[1]>>;
  readonly components?: { readonly schemas?: Record<string, ReturnType<Parameters<typeof inputsOf>[2]>> };
}

interface HttpReply {
  readonly status: number;
  readonly media: string;
  /** Start of the body. */
  readonly text: string;
}

/** Concurrent requests per route. */
const concurrency = 5;
/** Problems that are printed; the rest are only counted. */
const maxPrinted = 20;

/** Routes that simulate weeks of slots per valid input, and so get fewer inputs. */
const slowPaths: ReadonlySet<string> = new Set(['/v1/schedule', '/v1/schedule/lint', '/v1/forecast']);

/** Sends `runs` inputs to each operation of the API document, and raw bytes to the socket. */
export async function fuzzHttp(stack: TestStack, runs: number, seed: number, token: string) {
  const document = await stack.get<ApiDocument>('/openapi.json');
  const find: Parameters<typeof inputsOf>[2] = (reference) =>
    document.components?.schemas?.[reference.replace('#/components/schemas/', '')] ?? {};
  const agent = new Agent({ keepAlive: true, maxSockets: 500 });
  let printed = 0;
  const print = (problem: string | undefined, details: () => string) => {
    if (problem === undefined || (printed += 1) > maxPrinted) return;
    process.stderr.write(`${problem}: ${details()}\n`);
  };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  // In parallel, because many responses wait for something.
  const fuzzed = operations.map(async ({ path, method, operation }, index) => {
    const tally = emptyTally(`${method.toUpperCase()} ${path}`);
    const slow = slowPaths.has(path);
    const attempts = fc.sample(attemptsAt(path, method, operation, find), {
      seed: seed * 1_000 + index,
      numRuns: slow ? Math.min(runs, 30) : runs,
    });
    await forEachConcurrently(attempts, slow ? 1 : concurrency, async (attempt) => {
      let answer = await send(agent, stack.apiUrl, token, attempt);
      if (answer.status === 503) {
        tally.unavailable += 1;
        answer = await repeatWhileUnavailable(() => send(agent, stack.apiUrl, token, attempt));
      }
      print(count(tally, { ...answer, method: attempt.method }), () => describe(attempt, answer));
    });
    return tally;
  });
  const tallies = await Promise.all(fuzzed);
  agent.destroy();
  const raw = emptyTally('raw bytes to the socket');
  await forEachConcurrently(fc.sample(rawBytes, { seed, numRuns: runs }), concurrency, async (bytes) => {
    const answer = await sendRaw(Number(new URL(stack.apiUrl).port), bytes);
    print(
      count(raw, { ...answer, method: '' }),
      () => `${bytes.toString('latin1', 0, 80)} → ${answer.status}`,
    );
  });
  return [...tallies, raw];
}

/** Repeats a request that got a 503. @returns another response, or the 503 after 60 s */
async function repeatWhileUnavailable(repeat: () => Promise<HttpReply>): Promise<HttpReply> {
  let answer = await repeat();
  const checkAvailable = async () => {
    if (answer.status === 503) answer = await repeat();
    if (answer.status === 503) throw new Error('still 503');
  };
  await eventually(checkAvailable, { timeoutMs: 60_000 }).catch(() => undefined);
  return answer;
}

async function forEachConcurrently<Each>(
  all: readonly Each[],
  workers: number,
  run: (each: Each) => Promise<void>,
): Promise<void> {
  const remaining = all.values();
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (const each of remaining) await run(each);
    }),
  );
}

/** Status 0: the API closed the connection without a response. */
function send(agent: Agent, url: string, token: string, attempt: FuzzRequest): Promise<HttpReply> {
  const { method, target, headers, body } = attempt;
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const outgoing = request({ agent, hostname, port, method, path: target }, (response) => {
      const { statusCode: status = 0 } = response;
      const media = response.headers['content-type']?.split(';')[0] ?? '';
      if (media === 'text/event-stream') response.destroy();
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        if (text.length < 400) text += chunk.slice(0, 400);
      });
      response.on('close', () => resolve({ status, media, text }));
    });
    outgoing.on('error', () => resolve({ status: 0, media: '', text: '' }));
    outgoing.on('upgrade', (_, socket) => socket.destroy());
    outgoing.setHeader('authorization', `Bearer ${token}`);
    for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
    if (body) outgoing.setHeader('content-length', body.length);
    outgoing.end(body);
  });
}

const describe = ({ method, target, headers, body }: FuzzRequest, { status, media, text }: HttpReply) =>
  `${method} ${target.slice(0, 200)} ${JSON.stringify(headers).slice(0, 200)} ` +
  `${body?.toString('latin1', 0, 200) ?? ''} → ${status} ${media} ${text}`;

const emptyTally = (route: string) => ({
  route,
  inputs: 0,
  /** Responses by status; 0: connection closed without a response. */
  statuses: {} as Record<number, number>,
  /** Responses of 500 and above; a 503 only if it persists. */
  failed: 0,
  /** Refusals without problem+json. */
  undocumented: 0,
  /** 503s at the first attempt. */
  unavailable: 0,
});

/** Results of one route. */
export type RouteTally = ReturnType<typeof emptyTally>;

/** Counts a response. @returns its problem, if any */
function count(tally: RouteTally, answer: Omit<HttpReply, 'text'> & { method: string }): string | undefined {
  const { status, media, method } = answer;
  tally.inputs += 1;
  tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
  if (status >= 500) {
    tally.failed += 1;
    return 'server error';
  }
  // A response to HEAD has no body.
  if (status >= 400 && method !== 'HEAD' && media !== 'application/problem+json') {
    tally.undocumented += 1;
    return 'refusal without problem+json';
  }
  return undefined;
}

const ended = '\r\n\r\n';
const head = (line: string, ...headers: string[]) =>
  Buffer.from([line, 'Host: 127.0.0.1', 'Connection: close', ...headers].join('\r\n') + ended, 'latin1');

/** Bytes for an HTTP/1.1 socket, mostly invalid. */
const rawBytes: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ minLength: 1, maxLength: 60 }).map((line) => head(line)),
  fc.constantFrom(
    head('GET /livez HTTP/9.9'),
    head('GET /livez'),
    head('get /livez HTTP/1.1'),
    head('GET http://elsewhere.example/livez HTTP/1.1'),
    head('GET http://[::/livez HTTP/1.1'),
    head('GET * HTTP/1.1'),
    head('OPTIONS * HTTP/1.1'),
    head('GET livez HTTP/1.1'),
    head('GET //livez HTTP/1.1'),
    head('GET /\u00ff\u00fe HTTP/1.1'),
    head('CONNECT elsewhere.example:443 HTTP/1.1'),
    head('GET /livez HTTP/1.1', 'Host: another'),
    head('GET /livez HTTP/1.1', ': nothing'),
    head('GET /livez HTTP/1.1', 'a\0b: c'),
    head('GET /livez HTTP/1.1', ' folded: x'),
    head('POST /v1/riders HTTP/1.1', 'Content-Length: -1'),
    head('POST /v1/riders HTTP/1.1', 'Content-Length: 1', 'Content-Length: 2'),
    head('POST /v1/riders HTTP/1.1', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
    Buffer.concat([head('POST /v1/riders HTTP/1.1', 'Transfer-Encoding: chunked'), Buffer.from('zz\r\n')]),
    Buffer.concat([head('POST /v1/riders HTTP/1.1', 'Content-Length: 99'), Buffer.from('{"riderId":')]),
    head('GET /livez HTTP/1.1', `x: ${'x'.repeat(20_000)}`),
    Buffer.from(`GET /livez HTTP/1.1${ended}`),
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    Buffer.alloc(64_000, 0),
  ),
);

/** Status 0: connection closed without a response. */
async function sendRaw(port: number, bytes: Buffer): Promise<Omit<HttpReply, 'text'>> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.end(bytes);
    const answer = await text(socket);
    const media = /^content-type: ([^\r;]+)/im.exec(answer)?.[1] ?? '';
    return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0), media };
  } catch {
    // A server that has already closed resets the connection during a write.
    return { status: 0, media: '' };
  } finally {
    socket.destroy();
  }
}
