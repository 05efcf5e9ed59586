import { problems } from './problem.ts';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { asyncApi } from '@paceline/shared/contracts';
import examples from './examples.json' with { type: 'json' };
import outline from './openapi.json' with { type: 'json' };
import manifest from '../../package.json' with { type: 'json' };

export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly example?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
}

const schemaExamples: Readonly<Record<string, unknown>> = examples.schemas;
const operationExamples: Readonly<Record<string, Readonly<Record<string, unknown>>>> = examples.operations;

const componentPath = '#/components/schemas/';

/** The example of a schema, put together from those of the components that it refers to. */
function exampleOf({ $ref, type, properties, items, example }: JsonSchema): unknown {
  if (example !== undefined) return example;
  if ($ref !== undefined) return schemaExamples[$ref.replace(componentPath, '')];
  if (properties)
    return Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, exampleOf(field)]));
  if (items) return [exampleOf(items)];
  return type?.includes('null') ? null : undefined;
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
  operationId?: string;
  parameters?: Array<{ name: string; in: string; required?: boolean; schema?: JsonSchema }>;
  requestBody?: { content: Record<string, DocumentedContent> };
  responses: Record<string, DocumentedResponse>;
}
export interface OpenApiDocument {
  paths?: Record<string, Record<string, DocumentedOperation>>;
  components?: { schemas?: Record<string, JsonSchema> };
}

const headerParameter = (name: string, description: string, example: string) => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string', example },
});
const responseHeader = (description: string, example: string) => ({
  description,
  schema: { type: 'string', example },
});

type OperationTest = (method: string, operationId: string) => boolean;
const isOneOf =
  (...ids: readonly string[]): OperationTest =>
  (_, operationId) =>
    ids.includes(operationId);
/** Not for tokens of the stream, of which a replayed one could have expired, nor for permits, which can be repeated anyway. */
const isRepeatable: OperationTest = (method, operationId) =>
  method === 'post' && !/^createStreamToken$|Permit$/.test(operationId);

const isUpstreamCall = isOneOf('callUpstream', 'requestPermit');

/** Where a problem can occur, if not in every operation that documents its status. */
const occursIn: Readonly<Record<string, OperationTest>> = {
  'call-not-listed': isUpstreamCall,
  'lane-not-allowed': isUpstreamCall,
  'no-permit': isUpstreamCall,
  'command-failed': isOneOf('addRider', 'importRiders'),
  'idempotency-key-reused': isRepeatable,
  'invalid-state': isOneOf('cancelCommand', 'retryRun'),
  'request-in-progress': isRepeatable,
  'schedule-refused': isOneOf('changeSchedule'),
};

/** Leaves out the problems that an operation cannot have. */
function withOwnProblems(
  response: DocumentedResponse,
  method: string,
  operationId: string,
): DocumentedResponse {
  const [media, content] = Object.entries(response.content ?? {})[0] ?? [];
  if (media !== 'application/problem+json') return response;
  const all = Object.entries((content?.examples ?? {}) as Record<string, { summary: string }>);
  const own = all.filter(([type]) => occursIn[type]?.(method, operationId) ?? true);
  return {
    ...response,
    description: own.map(([, { summary }]) => summary).join(', or: '),
    content: { [media]: { ...content, examples: Object.fromEntries(own) } },
  };
}

/** Adds what all operations have in common: ETags, idempotency keys, problems and examples. */
export function addCommonParts(document: OpenApiDocument, problem: typeof problems): void {
  const responsesOf = problem(400, 403, 409, 413, 415, 422, 429) as unknown as Record<
    string,
    DocumentedResponse
  >;
  const problemResponse = (status: string): DocumentedResponse => {
    const [media, { examples }] = Object.entries(responsesOf[status]?.content ?? {})[0] as [
      string,
      DocumentedContent,
    ];
    const schema: JsonSchema = { $ref: '#/components/schemas/Problem' };
    return {
      description: responsesOf[status]?.description ?? '',
      content: { [media]: { schema, examples } },
    };
  };
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(operations)) {
      const { responses, operationId = '' } = operation;
      if (!path.startsWith('/v1/')) continue;
      // Each refuses unknown parameters.
      responses['400'] ??= problemResponse('400');
      const parameters = (operation.parameters ??= []);
      const ok = responses['200'];
      if (method === 'get' && ok?.content?.['application/json']) {
        parameters.push(headerParameter('if-none-match', 'The `ETag` of your copy', 'W/"qB1x"'));
        ok.headers = {
          etag: responseHeader('Unchanged while only ages change', 'W/"qB1x"'),
          ...ok.headers,
        };
        responses['304'] = { description: 'Not modified (except for ages)', headers: ok.headers };
      }
      responses['429'] ??= problemResponse('429');
      responses['403'] ??= problemResponse('403');
      if (operation.requestBody)
        for (const status of ['413', '415']) responses[status] ??= problemResponse(status);
      if (isRepeatable(method, operationId)) {
        const description = 'Requests with the same key are processed once';
        parameters.push(
          headerParameter('idempotency-key', description, '8e03978e-40d5-43dd-bc93-6894a57f9324'),
        );
        for (const status of ['409', '422']) responses[status] ??= problemResponse(status);
      }
      for (const [status, response] of Object.entries(responses))
        responses[status] = withOwnProblems(response, method, operationId);
      addExamples(operation);
    }
  }
}

function addExamples({ operationId = '', responses }: DocumentedOperation): void {
  for (const [status, { content }] of Object.entries(responses)) {
    const json = content?.['application/json'];
    if (json?.schema) json.example = operationExamples[operationId]?.[status] ?? exampleOf(json.schema);
  }
}

const asyncApiDocument = asyncApi();

export function specRoutes(app: OpenAPIHono): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  const { title, description } = outline.info;
  const info = { title, version: manifest.version, description };
  const document = app.getOpenAPI31Document({ ...outline, info });
  addCommonParts(document as unknown as OpenApiDocument, problems);
  app.get('/asyncapi.json', (c) => c.json(asyncApiDocument, 200, { 'cache-control': 'no-cache' }));
  app.get('/openapi.json', (c) => c.json(document, 200, { 'cache-control': 'no-cache' }));
}
