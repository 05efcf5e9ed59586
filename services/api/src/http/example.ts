/** The part of JSON Schema that the API's shapes are made of. */
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

/** Values that say more than the type of a field does, by its name. */
const telling: Readonly<Record<string, unknown>> = {
  name: 'Ada Lovelace',
  title: 'Evening Race',
  riderId: 4_500_001,
  clubId: 20_650,
  eventId: '5230192',
  commandId: '62060011-babb-42ec-8974-62b0e6be47fe',
  runId: '1f0c8a52-6a0e-8d1f-a5f1-3c1f2b7d9e10',
  rider: '/v1/riders/4500001',
  pen: 'B',
  status: 200,
  message: '120 riders',
  limit: 5,
  windowSeconds: 60,
};

/** An example of what a schema describes: every field of it, each with a value that it allows. */
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
  if (name in telling && type === typeOf(telling[name])) return telling[name];
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

function typeOf(value: unknown): string {
  if (typeof value === 'number') return 'integer';
  return typeof value;
}
