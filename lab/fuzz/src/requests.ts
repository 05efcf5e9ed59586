import { METHODS } from 'node:http';
import { type Input, inputsOf } from '@paceline/api/testing/inputs.ts';
import fc from 'fast-check';

/** An HTTP request, valid or not. */
export interface FuzzRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** A list is sent as several headers. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer | undefined;
}

type Mutation = (attempt: FuzzRequest) => FuzzRequest;
type ApiOperation = Parameters<typeof inputsOf>[1];
type Find = Parameters<typeof inputsOf>[2];

/** Valid and nearly valid requests to an operation, two of three with one more mutation. */
export function attemptsAt(
  path: string,
  method: string,
  operation: ApiOperation,
  find: Find,
): fc.Arbitrary<FuzzRequest> {
  const described = inputsOf(path, operation, find).map((input) => attemptOf(method, input));
  return fc.tuple(described, mutationsOf(operation)).map(([attempt, mutate]) => mutate(attempt));
}

function attemptOf(method: string, { path, query, headers, body }: Input): FuzzRequest {
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value.toWellFormed())}`],
  );
  const carried = Object.entries(headers).filter((header): header is [string, string] => !!header[1]);
  return {
    method: method.toUpperCase(),
    target: parameters.length === 0 ? path : `${path}?${parameters.join('&')}`,
    headers: { ...Object.fromEntries(carried), ...(body !== undefined && { 'content-type': json }) },
    body: body === undefined ? undefined : Buffer.from(body),
  };
}

const json = 'application/json';
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** Odd texts for paths and queries, sent unescaped. */
const rawTexts = fc.constantFrom(
  '%',
  '%00',
  '%ff%fe',
  '%c0%ae%c0%ae',
  '%2e%2e%2f',
  '..;',
  '../../..',
  '//',
  '%25%32%66',
  '%E2%80%AE',
  '%F0%9F%9A%B4',
  '%u0041',
  '__proto__',
  'constructor',
  "'%20or%201=1--",
  '{id}',
  '-1',
  '1e309',
  '0x10',
  'NaN',
  '9'.repeat(400),
  'x'.repeat(3_000),
  '\u00ff',
);

/** Text and bytes that are invalid or meaningless JSON. */
export const noJson: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)),
  fc
    .constantFrom('', '{', 'null', '\ufeff{}', deep(20_000), '{"riderId":1,"riderId":"2"}')
    .map((text) => Buffer.from(text)),
  fc.constant(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])),
);

const bodies: fc.Arbitrary<Buffer> = fc.oneof(
  noJson,
  fc
    .constantFrom(
      '{"__proto__":{"riderId":1},"constructor":{"prototype":{"riderId":1}}}',
      '{"riderId":"\\u0000\\ud800"}',
      `{"riderId":${'9'.repeat(400)}}`,
      '{"riderIds":[1e999,-0,1.5,null,[],{}]}',
      `{"note":"${'x'.repeat(70_000)}"}`,
      'x'.repeat(300_000),
    )
    .map((text) => Buffer.from(text)),
);

const oddNames = ['__proto__', 'toString', 'a[b][c]', '%00'];

const oddHeaders: fc.Arbitrary<FuzzRequest['headers']> = fc.constantFrom<FuzzRequest['headers']>(
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-type': 'multipart/form-data' },
  { 'content-type': 'application/x-www-form-urlencoded' },
  { 'content-type': ';;;\u00ff' },
  { 'content-encoding': 'gzip' },
  { accept: 'text/html;q=x, */' },
  { prefer: ['wait=x', 'wait', 'a, b'] },
  { prefer: 'wait=-1; wait=1e9' },
  { 'if-none-match': ['"a"', 'W/', '*'] },
  { 'idempotency-key': ['a', 'b'] },
  { 'idempotency-key': 'x'.repeat(3_000) },
  { 'idempotency-key': '\u00ff\u00fe' },
  { traceparent: '00-zz-zz-01' },
  { traceparent: ['x', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-ff`], tracestate: '='.repeat(600) },
  { 'last-event-id': '-1' },
  { 'last-event-id': '9'.repeat(40) },
  { origin: 'null' },
  { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' },
  { host: 'elsewhere.example' },
  { host: 'a b\u00ff' },
  { 'x-forwarded-for': ['::::', 'x'.repeat(500)] },
  { range: 'bytes=9-1' },
  { expect: '100-continue' },
  { expect: 'the impossible' },
  { authorization: 'Basic eDp5' },
  { authorization: ['Bearer', 'Bearer x'] },
  { cookie: '\u00ff='.repeat(1_000) },
  { 'x-large': 'x'.repeat(17_000) },
  Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`x-${index}`, 'x'])),
  { connection: 'upgrade', upgrade: 'websocket' },
);

/** All methods that Node parses, except CONNECT, after which the connection is no longer HTTP. */
const methods = fc.constantFrom(...METHODS.filter((method) => method !== 'CONNECT'));

const withBody =
  (body: Buffer): Mutation =>
  (attempt) => ({ ...attempt, headers: { 'content-type': json, ...attempt.headers }, body });

/** Replaces or adds a path segment. */
const inPath =
  (text: string, at: number): Mutation =>
  (attempt) => {
    const [path = '', query] = attempt.target.split('?');
    const segments = path.split('/');
    segments[1 + (at % segments.length)] = text;
    return { ...attempt, target: `${segments.join('/')}${query === undefined ? '' : `?${query}`}` };
  };

const inQuery =
  (name: string, text: string, times: number): Mutation =>
  (attempt) => {
    const more = Array.from({ length: times }, () => `${name}=${text}`).join('&');
    return { ...attempt, target: `${attempt.target}${attempt.target.includes('?') ? '&' : '?'}${more}` };
  };

/** Changes one value of the body. */
const inBody =
  (at: number, odd: unknown): Mutation =>
  (attempt) => {
    try {
      const body = JSON.parse(attempt.body?.toString() ?? '') as unknown;
      return { ...attempt, body: Buffer.from(JSON.stringify(withOddValue(body, at, odd))) };
    } catch {
      return attempt;
    }
  };

/** Odd field values; undefined removes the field. */
export const oddValues = fc.constantFrom<unknown>(
  undefined,
  null,
  -1,
  1e18,
  1.5,
  8.64e15 + 1,
  '',
  '\u0000\ud800',
  '../../..',
  'x'.repeat(5_000),
  [],
  {},
  true,
  '9999-12-31T23:59:60Z',
  '+275760-09-13T00:00:00.001Z',
);

const mutationsOf = ({ parameters = [] }: ApiOperation): fc.Arbitrary<Mutation> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Mutation>((attempt) => attempt) },
    { weight: 2, arbitrary: fc.tuple(fc.nat(), oddValues).map(([at, odd]) => inBody(at, odd)) },
    { weight: 2, arbitrary: bodies.map(withBody) },
    { weight: 1, arbitrary: fc.tuple(rawTexts, fc.nat(5)).map(([text, at]) => inPath(text, at)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.constantFrom(...parameters.map(({ name }) => name), ...oddNames),
          rawTexts,
          fc.integer({ min: 1, max: 3 }),
        )
        .map(([name, text, times]) => inQuery(name, text, times)),
    },
    {
      weight: 1,
      arbitrary: oddHeaders.map<Mutation>((odd) => (attempt) => ({
        ...attempt,
        headers: { ...attempt.headers, ...odd },
      })),
    },
    { weight: 1, arbitrary: methods.map<Mutation>((method) => (attempt) => ({ ...attempt, method })) },
  );

/** A copy of the JSON with one field, at any depth, changed; undefined removes it. */
export function withOddValue(json: unknown, at: number, odd: unknown): unknown {
  const value = structuredClone(json);
  const places = placesIn(value);
  const place = places[at % places.length];
  if (!place) return odd ?? null;
  place.of[place.key] = odd;
  return value;
}

function placesIn(value: unknown): Array<{ of: Record<string, unknown>; key: string }> {
  if (typeof value !== 'object' || value === null) return [];
  const of = value as Record<string, unknown>;
  return Object.keys(of).flatMap((key) => [{ of, key }, ...placesIn(of[key])]);
}
