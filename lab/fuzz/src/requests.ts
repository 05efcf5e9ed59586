import { METHODS } from 'node:http';
import { type Input, inputsOf } from '@paceline/api/testing/inputs.ts';
import fc from 'fast-check';

/** A request as it goes over the wire, right or not. */
export interface Attempt {
  readonly method: string;
  /** Path and query, as they are sent. */
  readonly target: string;
  /** A list is sent as that many headers. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer | undefined;
}

type Harm = (attempt: Attempt) => Attempt;
type ApiOperation = Parameters<typeof inputsOf>[1];
type Find = Parameters<typeof inputsOf>[2];

/** Requests to an operation as its description allows or nearly allows them, two of three with one more harm done. */
export function attemptsAt(
  path: string,
  method: string,
  operation: ApiOperation,
  find: Find,
): fc.Arbitrary<Attempt> {
  const described = inputsOf(path, operation, find).map((input) => attemptOf(method, input));
  return fc.tuple(described, harmsTo(operation)).map(([attempt, harm]) => harm(attempt));
}

function attemptOf(method: string, { path, query, headers, body }: Input): Attempt {
  const asked = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value.toWellFormed())}`],
  );
  const carried = Object.entries(headers).filter((header): header is [string, string] => !!header[1]);
  return {
    method: method.toUpperCase(),
    target: asked.length === 0 ? path : `${path}?${asked.join('&')}`,
    headers: { ...Object.fromEntries(carried), ...(body !== undefined && { 'content-type': json }) },
    body: body === undefined ? undefined : Buffer.from(body),
  };
}

const json = 'application/json';
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** Texts of a path or a query as no client writes them; none of them is escaped any further. */
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

/** Texts and bytes that are no JSON of anything, or JSON that nobody means. */
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

const oddHeaders: fc.Arbitrary<Attempt['headers']> = fc.constantFrom<Attempt['headers']>(
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

/** All that Node's parser takes; after CONNECT the connection is no longer HTTP. */
const methods = fc.constantFrom(...METHODS.filter((method) => method !== 'CONNECT'));

const withBody =
  (body: Buffer): Harm =>
  (attempt) => ({ ...attempt, headers: { 'content-type': json, ...attempt.headers }, body });

/** One step of the path is another, or there is one more. */
const inPath =
  (text: string, at: number): Harm =>
  (attempt) => {
    const [path = '', query] = attempt.target.split('?');
    const steps = path.split('/');
    steps[1 + (at % steps.length)] = text;
    return { ...attempt, target: `${steps.join('/')}${query === undefined ? '' : `?${query}`}` };
  };

const inQuery =
  (name: string, text: string, times: number): Harm =>
  (attempt) => {
    const more = Array.from({ length: times }, () => `${name}=${text}`).join('&');
    return { ...attempt, target: `${attempt.target}${attempt.target.includes('?') ? '&' : '?'}${more}` };
  };

/** One value of a body that may be right becomes another. */
const inBody =
  (at: number, odd: unknown): Harm =>
  (attempt) => {
    try {
      const right = JSON.parse(attempt.body?.toString() ?? '') as unknown;
      return { ...attempt, body: Buffer.from(JSON.stringify(withOddValue(right, at, odd))) };
    } catch {
      return attempt;
    }
  };

/** Values that a field seldom has; undefined: it is gone. */
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

const harmsTo = ({ parameters = [] }: ApiOperation): fc.Arbitrary<Harm> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Harm>((attempt) => attempt) },
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
      arbitrary: oddHeaders.map<Harm>((odd) => (attempt) => ({
        ...attempt,
        headers: { ...attempt.headers, ...odd },
      })),
    },
    { weight: 1, arbitrary: methods.map<Harm>((method) => (attempt) => ({ ...attempt, method })) },
  );

/** The same JSON with one field, wherever it stands, of another value; undefined: without it. */
export function withOddValue(right: unknown, at: number, odd: unknown): unknown {
  const value = structuredClone(right);
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
