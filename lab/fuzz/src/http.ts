import { Agent, request } from 'node:http';
import type { inputsOf } from '@paceline/api/testing/inputs.ts';
import { eventually } from '@paceline/shared/testing';
import fc from 'fast-check';
import type { TestStack } from '@paceline/kit/stack';
import { rawBytes, sendRaw } from './raw.ts';
import { type Attempt, attemptsAt } from './requests.ts';
import { count, emptyTally, type RouteTally } from './tally.ts';

interface Document {
  readonly paths: Record<string, Record<string, Parameters<typeof inputsOf>[1]>>;
  readonly components?: { readonly schemas?: Record<string, ReturnType<Parameters<typeof inputsOf>[2]>> };
}

interface Answer {
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
export async function fuzzHttp(
  stack: TestStack,
  runs: number,
  seed: number,
  token: string,
): Promise<RouteTally[]> {
  const document = await stack.get<Document>('/openapi.json');
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
async function afterwards(again: () => Promise<Answer>): Promise<Answer> {
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
function send(
  agent: Agent,
  url: string,
  token: string,
  { method, target, headers, body }: Attempt,
): Promise<Answer> {
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

const tell = ({ method, target, headers, body }: Attempt, { status, media, text }: Answer) =>
  `${method} ${target.slice(0, 200)} ${JSON.stringify(headers).slice(0, 200)} ` +
  `${body?.toString('latin1', 0, 200) ?? ''} → ${status} ${media} ${text}`;
