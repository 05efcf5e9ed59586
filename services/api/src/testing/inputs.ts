import fc from 'fast-check';
import type { DocumentedOperation, JsonSchema } from '../http/openapi.ts';

/** One request to an operation of the document. */
export interface Input {
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string | undefined;
}

/** Ids that tests store, and an upstream. */
const knownIds = ['zwiftracing', '4500001', '5230192', 'run-1', '62060011-babb-42ec-8974-62b0e6be47fe'];

/** Texts that must not break anything. */
const unusual = fc.oneof(
  fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' }),
  fc.constantFrom(
    '\0',
    '../..',
    '%',
    "' or 1=1--",
    '-1',
    '1e9',
    'null',
    '9'.repeat(40),
    '2026-13-41T99:00:00Z',
  ),
);

/** Texts that a schema allows in a path or a query. */
function allowed(schema: JsonSchema): fc.Arbitrary<string> {
  if (schema.enum) return fc.constantFrom(...schema.enum.map(String));
  if (schema.type === 'integer' || schema.type === 'number') {
    return fc
      .integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 500, 5_000_000) })
      .map(String);
  }
  if (schema.format === 'date-time') return times;
  return fc.constantFrom(...knownIds);
}

const times = fc.integer({ min: 0, max: 4e12 }).map((ms) => new Date(ms).toISOString());

/** Values that the schema of a body allows, or nearly allows. */
function value(schema: JsonSchema, find: (reference: string) => JsonSchema): fc.Arbitrary<unknown> {
  const of = (inner: JsonSchema) => value(inner, find);
  if (schema.$ref !== undefined) return of(find(schema.$ref));
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return fc.oneof(...choices.map(of));
  if (schema.properties) {
    const fields = Object.entries(schema.properties).map(([name, inner]) => [name, of(inner)] as const);
    return fc.record(Object.fromEntries(fields), { requiredKeys: [...(schema.required ?? [])] });
  }
  if (schema.items) return fc.array(of(schema.items), { minLength: 1, maxLength: 5 });
  if (schema.type === 'integer')
    return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 500, 5e6) });
  if (schema.type === 'number')
    return fc.double({ min: schema.minimum ?? 0, max: schema.maximum ?? 500, noNaN: true });
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.format === 'date-time') return times;
  return fc.string({ maxLength: 20 });
}

/** Valid and invalid requests to an operation. */
export function inputsOf(
  path: string,
  { parameters = [], requestBody }: DocumentedOperation,
  find: (reference: string) => JsonSchema,
): fc.Arbitrary<Input> {
  const texts = (location: string, text: (schema: JsonSchema) => fc.Arbitrary<string>) =>
    Object.fromEntries(
      parameters
        // Only the API can make valid cursors.
        .filter(({ in: at, name }) => at === location && (text !== allowed || name !== 'cursor'))
        .map(({ name, schema = {} }) => [name, text(schema)]),
    );
  const json = requestBody?.content['application/json']?.schema;
  const requests = (text: (schema: JsonSchema) => fc.Arbitrary<string>, body: fc.Arbitrary<string>) =>
    fc.record({
      path: fc.record(texts('path', text)),
      query: fc.record(texts('query', text), { requiredKeys: [] }),
      // Headers that wait or need one exact value have their own tests.
      headers: fc.record(
        {
          'if-none-match': fc.constantFrom('*', 'W/"x"', '"', ''),
          'idempotency-key': fc.uuid(),
          prefer: fc.constantFrom('wait=x', 'a, b'),
        },
        { requiredKeys: [] },
      ),
      body: json ? body : fc.constant(undefined),
    });
  const likely = requests(
    allowed,
    value(json ?? {}, find).map((each) => JSON.stringify(each)),
  );
  const unlikely = requests(
    (schema) => fc.oneof(allowed(schema), unusual),
    fc.oneof(fc.json({ maxDepth: 2 }), fc.string({ maxLength: 20 })),
  );
  return fc
    .oneof({ weight: 2, arbitrary: likely }, { weight: 1, arbitrary: unlikely })
    .map(({ path: filled, ...rest }) => ({
      ...rest,
      path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath(String(filled[name]))),
    }));
}

/** URLs treat segments of dots as steps, even if escaped. */
const inPath = (text: string) => (/^\.+$/.test(text) ? 'dots' : encodeURIComponent(text.toWellFormed()));
