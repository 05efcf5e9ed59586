import { tables } from '@paceline/shared/database';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { type Input, inputsOf } from '../testing/inputs.ts';
import { runRealLimiter, playRiderSync } from '../testing/services.ts';
import { callRow, commandRow, eventRow, riderRow, runRow, signupRow } from '../testing/rows.ts';
import type { OpenApiDocument, DocumentedOperation, JsonSchema } from './openapi.ts';

/** Of each operation; more with FUZZ_RUNS. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 8);

let test: TestApi;
let limiter: { stop(): Promise<void> };
let document: OpenApiDocument;
let ajv: Ajv2020;

beforeAll(async () => {
  test = await startTestApi();
  limiter = await runRealLimiter(test);
  await playRiderSync(await test.busOf('rider-sync'), test.db, (_, move) => move({ state: 'done' }));
  await test.db.insert(tables.riders).values(riderRow(4_500_001));
  await test.db.insert(tables.events).values(eventRow('5230192', { startsAt: test.clock.now() + 3_600_000 }));
  await test.db.insert(tables.signups).values(signupRow('5230192', 4_500_001));
  await test.db.insert(tables.syncRuns).values(runRow('run-1'));
  await test.db.insert(tables.syncLogs).values(callRow('run-1'));
  await test.db.insert(tables.commands).values(commandRow('62060011-babb-42ec-8974-62b0e6be47fe'));
  await test.until(async () => {
    if ((await test.get('/readyz')).status !== 200) throw new Error('it is not ready');
  });
  document = (await test.get('/openapi.json')).body;
  ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema(document, 'api');
});
afterAll(async () => {
  await limiter?.stop();
  await test?.stop();
});

const find = (reference: string): JsonSchema =>
  document.components?.schemas?.[reference.replace('#/components/schemas/', '')] ?? {};

/** What a place of the document says of a value; nothing when the value is as it says. */
function wrong(place: readonly string[], value: unknown): string {
  const pointer = place
    .map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  const validate = ajv.getSchema(`api#/${pointer}`);
  if (!validate) return `nothing is described at ${pointer}`;
  return validate(value) === true ? '' : ajv.errorsText(validate.errors);
}

/** Refusals of all addresses alike: no operation describes them. */
const everywhere = new Set([404, 405]);

async function hold(
  path: string,
  method: string,
  operation: DocumentedOperation,
  input: Input,
): Promise<void> {
  const query = new URLSearchParams(input.query as Record<string, string>).toString();
  const leaving = new AbortController();
  const response = await fetch(`${test.api.url}${input.path}?${query}`, {
    method: method.toUpperCase(),
    headers: {
      ...(input.headers as Record<string, string>),
      ...(input.body !== undefined && { 'content-type': 'application/json' }),
    },
    signal: leaving.signal,
    ...(input.body !== undefined && { body: input.body }),
  });
  const { status } = response;
  const media = response.headers.get('content-type')?.split(';')[0] ?? '';
  const told = `${method} ${input.path}?${query} ${input.body ?? ''} → ${status} ${media}`;
  if (media === 'text/event-stream') {
    leaving.abort();
    expect(Object.keys(operation.responses[200]?.content ?? {}), told).toContain(media);
    return;
  }
  const body = await response.text();
  expect(status < 500 || status === 503, `${told}\n${body}`).toBe(true);
  const described = operation.responses[status];
  if (!described && everywhere.has(status)) {
    expect(wrong(['components', 'schemas', 'Problem'], JSON.parse(body)), told).toBe('');
    return;
  }
  expect(described, `${told}\n${body}`).toBeDefined();
  const medias = Object.keys(described?.content ?? {});
  if (medias.length === 0) expect(body, told).toBe('');
  else expect(medias, told).toContain(media);
  if (!media.includes('json')) return;
  const place = ['paths', path, method, 'responses', String(status), 'content', media, 'schema'];
  expect(wrong(place, JSON.parse(body)), `${told}\n${body}`).toBe('');
}

describe('the API, whatever it is sent', () => {
  it('answers as its own document says, and never with an error of its own', async () => {
    const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    expect(operations.length).toBeGreaterThan(30);
    await Promise.all(
      operations.map(({ path, method, operation }) =>
        fc.assert(
          fc.asyncProperty(inputsOf(path, operation, find), (input) => hold(path, method, operation, input)),
          { numRuns },
        ),
      ),
    );
  });

  it('has an example for every answer, and each is as its schema says', () => {
    for (const [path, methods] of Object.entries(document.paths ?? {})) {
      if (!path.startsWith('/v1/')) continue;
      for (const [method, { responses }] of Object.entries(methods)) {
        for (const [status, { content = {} }] of Object.entries(responses)) {
          for (const [media, { example, examples }] of Object.entries(content)) {
            if (!media.includes('json')) continue;
            const given = examples ? Object.values(examples).map(({ value }) => value as unknown) : [example];
            expect(given.length).toBeGreaterThan(0);
            const place = ['paths', path, method, 'responses', status, 'content', media, 'schema'];
            for (const each of given) expect(wrong(place, each), `${method} ${path} ${status}`).toBe('');
          }
        }
      }
    }
  });
});
