import { request as httpRequest } from 'node:http';
import { tables } from '@paceline/shared/database';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { type Input, inputsOf } from '../testing/inputs.ts';
import { runRealLimiter, fakeRiderSync } from '../testing/services.ts';
import { startUpstream, type TestUpstream } from '../testing/upstream.ts';
import { callRow, commandRow, eventRow, riderRow, runRow, signupRow } from '../testing/rows.ts';
import type { OpenApiDocument, DocumentedOperation, JsonSchema } from './openapi.ts';

/** Runs per operation; set FUZZ_RUNS for more. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 8);

let test: TestApi;
let upstream: TestUpstream;
let limiter: { stop(): Promise<void> };
let document: OpenApiDocument;
let ajv: Ajv2020;

beforeAll(async () => {
  upstream = await startUpstream();
  test = await startTestApi({
    env: { API_UPSTREAMS: 'zwiftracing', ZWIFTRACING_BASE_URL: upstream.baseUrl },
  });
  limiter = await runRealLimiter(test);
  await fakeRiderSync(await test.busOf('rider-sync'), test.db, (_, update) => update({ state: 'done' }));
  await test.db.insert(tables.riders).values(riderRow(4_500_001));
  await test.db.insert(tables.events).values(eventRow('5230192', { startsAt: test.clock.now() + 3_600_000 }));
  await test.db.insert(tables.signups).values(signupRow('5230192', 4_500_001));
  await test.db.insert(tables.syncRuns).values(runRow('run-1'));
  await test.db.insert(tables.syncLogs).values(callRow('run-1'));
  await test.db.insert(tables.commands).values(commandRow('62060011-babb-42ec-8974-62b0e6be47fe'));
  await test.until(async () => {
    if ((await test.get('/readyz')).status !== 200) throw new Error('not ready');
  });
  document = (await test.get('/openapi.json')).body;
  ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema(document, 'api');
});
afterAll(async () => {
  await limiter?.stop();
  await test?.stop();
  upstream?.stop();
});

const find = (reference: string): JsonSchema =>
  document.components?.schemas?.[reference.replace('#/components/schemas/', '')] ?? {};

/** Validates a value against the schema at `location` in the document. Returns the errors, or an empty string. */
function validationErrors(location: readonly string[], value: unknown): string {
  const pointer = location
    .map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  const validate = ajv.getSchema(`api#/${pointer}`);
  if (!validate) return `no schema at ${pointer}`;
  return validate(value) === true ? '' : ajv.errorsText(validate.errors);
}

/** Errors that any address can return, so that no operation documents them. */
const undocumented = new Set([404, 405]);

async function checkRequest(
  path: string,
  method: string,
  operation: DocumentedOperation,
  input: Input,
): Promise<void> {
  const query = new URLSearchParams(input.query as Record<string, string>).toString();
  const cancelling = new AbortController();
  const response = await fetch(`${test.api.url}${input.path}?${query}`, {
    method: method.toUpperCase(),
    headers: {
      ...(input.headers as Record<string, string>),
      ...(input.body !== undefined && { 'content-type': 'application/json' }),
    },
    signal: cancelling.signal,
    ...(input.body !== undefined && { body: input.body }),
  });
  const { status } = response;
  const media = response.headers.get('content-type')?.split(';')[0] ?? '';
  const summary = `${method} ${input.path}?${query} ${input.body ?? ''} → ${status} ${media}`;
  if (media === 'text/event-stream') {
    cancelling.abort();
    expect(Object.keys(operation.responses[200]?.content ?? {}), summary).toContain(media);
    return;
  }
  const body = await response.text();
  expect(status < 500 || status === 503, `${summary}\n${body}`).toBe(true);
  const described = operation.responses[status];
  if (!described && undocumented.has(status)) {
    expect(validationErrors(['components', 'schemas', 'Problem'], JSON.parse(body)), summary).toBe('');
    return;
  }
  expect(described, `${summary}\n${body}`).toBeDefined();
  const mediaTypes = Object.keys(described?.content ?? {});
  if (mediaTypes.length === 0) expect(body, summary).toBe('');
  else expect(mediaTypes, summary).toContain(media);
  if (!media.includes('json')) return;
  const location = ['paths', path, method, 'responses', String(status), 'content', media, 'schema'];
  expect(validationErrors(location, JSON.parse(body)), `${summary}\n${body}`).toBe('');
  if (media === problemMedia) expectDocumented(operation, status, body, summary);
}

/** Of paths that could lead elsewhere, to be put together. */
const pathPieces =
  'public riders clubs 7 / / / .. . %2e%2e %2f %5c %252e %00 %0d%0a @ : ; //evil.example http://evil.example ? & = # % [::1] " < |'.split(
    ' ',
  );

const problemMedia = 'application/problem+json';

/** Expects the type of a problem among the documented ones of its operation. */
function expectDocumented(
  operation: DocumentedOperation,
  status: number,
  body: string,
  summary: string,
): void {
  const { type } = JSON.parse(body) as { type: string };
  const documented = operation.responses[status]?.content?.[problemMedia]?.examples ?? {};
  expect(Object.keys(documented), summary).toContain(type.replace('/docs/problems#', ''));
}

describe('the API with any input', () => {
  it('responds as documented, and never with an internal error', async () => {
    const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    expect(operations.length).toBeGreaterThan(30);
    await Promise.all(
      operations.map(({ path, method, operation }) =>
        fc.assert(
          fc.asyncProperty(inputsOf(path, operation, find), (input) =>
            checkRequest(path, method, operation, input),
          ),
          { numRuns },
        ),
      ),
    );
  });

  it('calls of an upstream only what its file names, whatever the path', async () => {
    const { hostname, port } = new URL(test.api.url);
    const base = new URL(upstream.baseUrl);
    const piece = fc.constantFrom(...pathPieces);
    const path = fc.oneof(
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      piece.map((each) => `public/riders/${each}`),
      piece.map((each) => `public/riders/7?fields=${each}`),
    );
    const statusOf = (target: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = httpRequest({ host: hostname, port, path: target }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode));
        });
        sent.on('error', reject).end();
      });
    await fc.assert(
      fc.asyncProperty(path, async (below) => {
        const status = await statusOf(`/upstream/zwiftracing/${below}`);
        expect(status, below).not.toBe(500);
      }),
      { numRuns: numRuns * 20 },
    );
    const allowed = /^GET \/api\/public\/(?:riders|clubs)(?:\/[^/?#]+){1,2}(?:\?[^#]*)?$/;
    for (const { line, headers } of upstream.received.filter(({ line: each }) => each.startsWith('GET'))) {
      expect(line).toMatch(allowed);
      expect(headers.host).toBe(base.host);
    }
  });

  it('documents the answers to a body of another media type and to one that is too large', async () => {
    for (const [path, methods] of Object.entries(document.paths ?? {})) {
      for (const [method, operation] of Object.entries(methods)) {
        if (!operation.requestBody) continue;
        for (const [contentType, body] of [
          ['text/plain', 'hello'],
          ['application/json', `"${'x'.repeat(300_000)}"`],
        ] as const) {
          const address = path.replace('{budget}', 'clubs').replaceAll(/\{\w+\}/g, 'near');
          const response = await fetch(`${test.api.url}${address}`, {
            method: method.toUpperCase(),
            headers: { 'content-type': contentType, 'if-match': '*' },
            body,
          });
          const summary = `${method} ${address} ${contentType}`;
          expect(response.status, summary).toBe(contentType === 'text/plain' ? 415 : 413);
          expectDocumented(operation, response.status, await response.text(), summary);
        }
      }
    }
  });

  it('documents an example for every response, valid for its schema', () => {
    for (const [path, methods] of Object.entries(document.paths ?? {})) {
      if (!path.startsWith('/v1/')) continue;
      for (const [method, { responses }] of Object.entries(methods)) {
        for (const [status, { content = {} }] of Object.entries(responses)) {
          for (const [media, { example, examples }] of Object.entries(content)) {
            if (!media.includes('json')) continue;
            const given = examples ? Object.values(examples).map(({ value }) => value as unknown) : [example];
            expect(given.length).toBeGreaterThan(0);
            const location = ['paths', path, method, 'responses', status, 'content', media, 'schema'];
            for (const each of given)
              expect(validationErrors(location, each), `${method} ${path} ${status}`).toBe('');
          }
        }
      }
    }
  });
});
