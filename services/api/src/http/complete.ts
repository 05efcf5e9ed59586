import { type Schema, exampleOf } from './example.ts';
import type { problems } from './problem.ts';

/** The part of an OpenAPI document that is completed here. */
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
const told = (description: string, example: string) => ({ description, schema: { type: 'string', example } });

/**
 * Says in the document what holds for all operations alike and stands in no route: ETags of reads, keys and refusals of
 * what changes something; and gives every answer an example.
 * @param problem the answer that describes the problems of a status
 */
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
          etag: told('Stays the same while nothing but ages has changed', 'W/"qB1x"'),
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
