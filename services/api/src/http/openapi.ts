import { problems } from './problem.ts';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { asyncApi } from '@paceline/shared/contracts';
import examples from './examples.json' with { type: 'json' };
import outline from './openapi.json' with { type: 'json' };
import manifest from '../../package.json' with { type: 'json' };

export interface Schema {
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
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

export function exampleOf(schema: Schema, find: (reference: string) => Schema, name = ''): unknown {
  const of = (inner: Schema, innerName = name) => exampleOf(inner, find, innerName);
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

interface Content {
  schema?: Schema;
  example?: unknown;
  examples?: unknown;
}
interface Answer {
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, Content>;
}
export interface Operation {
  parameters?: Array<{ name: string; in: string; required?: boolean; schema?: Schema }>;
  requestBody?: { content: Record<string, Content> };
  responses: Record<string, Answer>;
}
export interface Document {
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
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
export function complete(document: Document, problem: typeof problems): void {
  const find = (reference: string) =>
    document.components?.schemas?.[reference.replace('#/components/schemas/', '')] ?? {};
  const answersOf = problem(400, 403, 409, 422, 429) as unknown as Record<string, Answer>;
  const problemAnswer = (status: string): Answer => {
    const [media, { examples }] = Object.entries(answersOf[status]?.content ?? {})[0] as [string, Content];
    const schema: Schema = { $ref: '#/components/schemas/Problem' };
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

function giveExamples({ responses }: Operation, find: (reference: string) => Schema): void {
  for (const { content } of Object.values(responses)) {
    const json = content?.['application/json'];
    if (json?.schema && json.example === undefined) json.example = exampleOf(json.schema, find);
  }
}

const between = asyncApi();

/** Serves the OpenAPI 3.1 document of the app's routes; call it when they are all added. */
export function serveOpenApi(app: OpenAPIHono): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  const { title, description } = outline.info;
  const info = { title, version: manifest.version, description };
  const document = app.getOpenAPI31Document({ ...outline, info });
  complete(document as unknown as Document, problems);
  app.get('/asyncapi.json', (c) => c.json(between, 200, { 'cache-control': 'no-cache' }));
  app.get('/openapi.json', (c) => c.json(document, 200, { 'cache-control': 'no-cache' }));
}
