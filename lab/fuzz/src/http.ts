import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { inputsOf } from '@paceline/api/testing/inputs.ts';
import type { TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/shared/testing';
import fc from 'fast-check';
import { type Attempt, attemptsAt } from './requests.ts';

interface ApiDocument {
  readonly paths: Record<string, Record<string, Parameters<typeof inputsOf>[1]>>;
  readonly components?: { readonly schemas?: Record<string, ReturnType<Parameters<typeof inputsOf>[2]>> };
}

interface HttpReply {
  readonly status: number;
  readonly media: string;
  /** How its body begins. */
  readonly text: string;
}

/** Of each route. */
const atOnce = 5;
/** Wrong answers that are told as they come; the rest is only counted. */
const mostTold = 20;

/** Each of their right inputs is weeks of slots told over, one after the other: fewer inputs must do. */
const judged: ReadonlySet<string> = new Set(['/v1/schedule', '/v1/schedule/lint', '/v1/forecast']);

/** Sends `runs` inputs to each operation of the document, and to the bare socket. */
export async function fuzzHttp(stack: TestStack, runs: number, seed: number, token: string) {
  const document = await stack.get<ApiDocument>('/openapi.json');
  const find: Parameters<typeof inputsOf>[2] = (reference) =>
    document.components?.schemas?.[reference.replace('#/components/schemas/', '')] ?? {};
  const agent = new Agent({ keepAlive: true, maxSockets: 500 });
  let told = 0;
  const complain = (wrong: string | undefined, what: () => string) => {
    if (wrong === undefined || (told += 1) > mostTold) return;
    process.stderr.write(`${wrong}: ${what()}\n`);
  };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  // Many answers wait for something: all routes are asked side by side.
  const fuzzed = operations.map(async ({ path, method, operation }, index) => {
    const tally = emptyTally(`${method.toUpperCase()} ${path}`);
    const slow = judged.has(path);
    const attempts = fc.sample(attemptsAt(path, method, operation, find), {
      seed: seed * 1_000 + index,
      numRuns: slow ? Math.min(runs, 30) : runs,
    });
    await inTurn(attempts, slow ? 1 : atOnce, async (attempt) => {
      let answer = await send(agent, stack.apiUrl, token, attempt);
      if (answer.status === 503) {
        tally.away += 1;
        answer = await afterwards(() => send(agent, stack.apiUrl, token, attempt));
      }
      complain(count(tally, { ...answer, method: attempt.method }), () => tell(attempt, answer));
    });
    return tally;
  });
  const tallies = await Promise.all(fuzzed);
  agent.destroy();
  const raw = emptyTally('bytes on the bare socket');
  await inTurn(fc.sample(rawBytes, { seed, numRuns: runs }), atOnce, async (bytes) => {
    const answer = await sendRaw(Number(new URL(stack.apiUrl).port), bytes);
    complain(
      count(raw, { ...answer, method: '' }),
      () => `${bytes.toString('latin1', 0, 80)} → ${answer.status}`,
    );
  });
  return [...tallies, raw];
}

/** A part may be away, or have its hands full: what it answers when it is there again, or a 503 that stays one. */
async function afterwards(again: () => Promise<HttpReply>): Promise<HttpReply> {
  let answer = await again();
  const isThere = async () => {
    if (answer.status === 503) answer = await again();
    if (answer.status === 503) throw new Error('it is away');
  };
  await eventually(isThere, { timeoutMs: 60_000 }).catch(() => undefined);
  return answer;
}

async function inTurn<Each>(
  all: readonly Each[],
  workers: number,
  one: (each: Each) => Promise<void>,
): Promise<void> {
  const left = all.values();
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (const each of left) await one(each);
    }),
  );
}

/** Status 0: the API ended the connection without an answer. */
function send(agent: Agent, url: string, token: string, attempt: Attempt): Promise<HttpReply> {
  const { method, target, headers, body } = attempt;
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const asked = request({ agent, hostname, port, method, path: target }, (response) => {
      const { statusCode: status = 0 } = response;
      const media = response.headers['content-type']?.split(';')[0] ?? '';
      if (media === 'text/event-stream') response.destroy();
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        if (text.length < 400) text += chunk.slice(0, 400);
      });
      response.on('close', () => resolve({ status, media, text }));
    });
    asked.on('error', () => resolve({ status: 0, media: '', text: '' }));
    asked.on('upgrade', (_, socket) => socket.destroy());
    asked.setHeader('authorization', `Bearer ${token}`);
    for (const [name, value] of Object.entries(headers)) asked.setHeader(name, value);
    if (body) asked.setHeader('content-length', body.length);
    asked.end(body);
  });
}

const tell = ({ method, target, headers, body }: Attempt, { status, media, text }: HttpReply) =>
  `${method} ${target.slice(0, 200)} ${JSON.stringify(headers).slice(0, 200)} ` +
  `${body?.toString('latin1', 0, 200) ?? ''} → ${status} ${media} ${text}`;

const emptyTally = (route: string) => ({
  route,
  inputs: 0,
  /** How often each status was answered; 0: the connection ended without one. */
  statuses: {} as Record<number, number>,
  /** Answers of 500 and above; of a 503 only one that stays. */
  failed: 0,
  /** Refusals that do not say why as problem+json. */
  untold: 0,
  /** 503s at the first try, whatever came of them later. */
  away: 0,
});

/** What came of the inputs to one route. */
export type RouteTally = ReturnType<typeof emptyTally>;

/** Adds an answer. @returns what is wrong with it; undefined: nothing */
function count(tally: RouteTally, answer: Omit<HttpReply, 'text'> & { method: string }): string | undefined {
  const { status, media, method } = answer;
  tally.inputs += 1;
  tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
  if (status >= 500) {
    tally.failed += 1;
    return 'a failure';
  }
  // An answer to HEAD has no body.
  if (status >= 400 && method !== 'HEAD' && media !== 'application/problem+json') {
    tally.untold += 1;
    return 'a refusal that is no problem+json';
  }
  return undefined;
}

const ended = '\r\n\r\n';
const head = (line: string, ...headers: string[]) =>
  Buffer.from([line, 'Host: 127.0.0.1', 'Connection: close', ...headers].join('\r\n') + ended, 'latin1');

/** Bytes for a socket that speaks HTTP/1.1, most of them none of it. The other side is told that no more come. */
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

/** What came back: a status and its media type, or nothing but the end of the connection. */
async function sendRaw(port: number, bytes: Buffer): Promise<Omit<HttpReply, 'text'>> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.end(bytes);
    const answer = await text(socket);
    const media = /^content-type: ([^\r;]+)/im.exec(answer)?.[1] ?? '';
    return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0), media };
  } catch {
    // A server that has closed already resets who still writes.
    return { status: 0, media: '' };
  } finally {
    socket.destroy();
  }
}
