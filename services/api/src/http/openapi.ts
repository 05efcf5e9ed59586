import { problems } from './problem.ts';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { asyncApi } from '@paceline/shared/contracts';
import examples from './examples.json' with { type: 'json' };
import outline from './openapi.json' with { type: 'json' };
import manifest from '../../package.json' with { type: 'json' };

export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly example?: unknown;
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

export function exampleOf(schema: JsonSchema, find: (reference: string) => JsonSchema, name = ''): unknown {
  const of = (inner: JsonSchema, innerName = name) => exampleOf(inner, find, innerName);
  if (schema.$ref !== undefined) return of(find(schema.$ref));
  const given = schema.example ?? schema.const ?? schema.enum?.[0] ?? schema.default;
  if (given !== undefined) return given;
  const choice = (schema.oneOf ?? schema.anyOf)?.find(({ type }) => type !== 'null');
  if (choice) return of(choice);
  const [all] = schema.allOf ?? [];
  if (all) return of(all);
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  if (name === 'next' && types.includes('null')) return null;
  const type = types.find((each) => each !== 'null');
  const known = (examples as Readonly<Record<string, unknown>>)[name];
  if (known !== undefined && type === (typeof known === 'number' ? 'integer' : typeof known)) return known;
  if (type === 'object') {
    const fields = Object.entries(schema.properties ?? {});
    return Object.fromEntries(fields.map(([field, inner]) => [field, of(inner, field)]));
  }
  if (type === 'array') return schema.items ? [of(schema.items)] : [];
  if (type === 'boolean') return false;
  if (type === 'string')
    return schema.format === 'date-time' ? '2026-03-01T12:00:00.000Z' : `a ${name || 'text'}`;
  if (type === 'integer' || type === 'number') return Math.max(schema.minimum ?? 0, 1);
  return type === undefined ? {} : null;
}

interface DocumentedContent {
  schema?: JsonSchema;
  example?: unknown;
  examples?: unknown;
}
interface DocumentedResponse {
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, DocumentedContent>;
}
export interface DocumentedOperation {
  parameters?: Array<{ name: string; in: string; required?: boolean; schema?: JsonSchema }>;
  requestBody?: { content: Record<string, DocumentedContent> };
  responses: Record<string, DocumentedResponse>;
}
export interface OpenApiDocument {
  paths?: Record<string, Record<string, DocumentedOperation>>;
  components?: { schemas?: Record<string, JsonSchema> };
}

const header = (name: string, description: string, example: string) => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string', example },
});
const headerOf = (description: string, example: string) => ({
  description,
  schema: { type: 'string', example },
});

/** Adds what holds for all operations: ETags, idempotency keys, refusals, and examples. */
export function complete(document: OpenApiDocument, problem: typeof problems): void {
  const find = (reference: string) =>
    document.components?.schemas?.[reference.replace('#/components/schemas/', '')] ?? {};
  const answersOf = problem(400, 403, 409, 422, 429) as unknown as Record<string, DocumentedResponse>;
  const problemAnswer = (status: string): DocumentedResponse => {
    const [media, { examples }] = Object.entries(answersOf[status]?.content ?? {})[0] as [
      string,
      DocumentedContent,
    ];
    const schema: JsonSchema = { $ref: '#/components/schemas/Problem' };
    return { description: answersOf[status]?.description ?? '', content: { [media]: { schema, examples } } };
  };
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    if (!path.startsWith('/v1/')) continue;
    for (const [method, operation] of Object.entries(operations)) {
      const { responses } = operation;
      const parameters = (operation.parameters ??= []);
      const ok = responses['200'];
      if (method === 'get' && ok?.content?.['application/json']) {
        parameters.push(header('if-none-match', 'The `ETag` of the answer that you have', 'W/"qB1x"'));
        ok.headers = {
          etag: headerOf('Stays the same while nothing but ages has changed', 'W/"qB1x"'),
          ...ok.headers,
        };
        responses['304'] = { description: 'Nothing has changed but ages', headers: ok.headers };
      }
      responses['429'] ??= problemAnswer('429');
      if (method !== 'get') responses['403'] ??= problemAnswer('403');
      if (method === 'post') {
        const description = 'A request that is sent again with the same key is carried out once';
        parameters.push(header('idempotency-key', description, '8e03978e-40d5-43dd-bc93-6894a57f9324'));
        for (const status of ['400', '409', '422']) responses[status] ??= problemAnswer(status);
      }
      giveExamples(operation, find);
    }
  }
}

function giveExamples({ responses }: DocumentedOperation, find: (reference: string) => JsonSchema): void {
  for (const { content } of Object.values(responses)) {
    const json = content?.['application/json'];
    if (json?.schema && json.example === undefined) json.example = exampleOf(json.schema, find);
  }
}

const between = asyncApi();

export function serveOpenApi(app: OpenAPIHono): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  const { title, description } = outline.info;
  const info = { title, version: manifest.version, description };
  const document = app.getOpenAPI31Document({ ...outline, info });
  complete(document as unknown as OpenApiDocument, problems);
  app.get('/asyncapi.json', (c) => c.json(between, 200, { 'cache-control': 'no-cache' }));
  app.get('/openapi.json', (c) => c.json(document, 200, { 'cache-control': 'no-cache' }));
}
