import fc from 'fast-check';
import type { z } from 'zod';

/** The parts of JSON Schema that zod generates. */
interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

/** Examples for text fields whose format is not part of the JSON schema. */
const examples: Readonly<Record<string, readonly string[]>> = {
  timeZone: ['UTC', 'Europe/Berlin'],
  opens: ['*/10 * * * *', 'every 10m'],
  skip: ['', '2026-12-24'],
  catchUp: ['skip', 'latest', 'all 2h'],
};

/** Arbitrary values that a zod schema accepts. */
export const valuesOf = <S extends z.ZodType>(schema: S): fc.Arbitrary<z.input<S>> =>
  valueOf(jsonSchemaOf(schema) as JsonSchema, '').filter(
    (value) => schema.safeParse(value).success,
  ) as fc.Arbitrary<z.input<S>>;

/** The JSON schema of a reader, which ignores unknown fields. */
export const jsonSchemaOf = (schema: z.ZodType): object =>
  schema.toJSONSchema({ io: 'input', unrepresentable: 'any' });

function valueOf(schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((each) => valueOf(each, name)));
  if (Array.isArray(schema.type)) {
    return fc.oneof(...(schema.type as string[]).map((type) => valueOf({ ...schema, type }, name)));
  }
  switch (schema.type) {
    case 'object':
      return objectOf(schema);
    case 'array':
      return fc.array(valueOf(schema.items ?? {}, name), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, 3),
      });
    case 'string':
      return textOf(schema, name);
    case 'integer':
      return fc.integer(bounds(schema));
    case 'number':
      return fc.double({ ...bounds(schema), noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objectOf({ properties = {}, required = [], propertyNames, additionalProperties }: JsonSchema) {
  const inner = typeof additionalProperties === 'object' ? additionalProperties : undefined;
  if (inner && propertyNames?.enum) {
    const fields = propertyNames.enum.map((key) => [String(key), valueOf(inner, '')] as const);
    return fc.record(Object.fromEntries(fields), { requiredKeys: [...required] });
  }
  if (inner) {
    const keys = propertyNames ? valueOf(propertyNames, '') : fc.string({ minLength: 1, maxLength: 8 });
    return fc.dictionary(keys as fc.Arbitrary<string>, valueOf(inner, ''), { maxKeys: 4 });
  }
  const fields = Object.entries(properties).map(([key, each]) => [key, valueOf(each, key)] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: [...required] });
}

function textOf({ pattern, minLength = 0 }: JsonSchema, name: string): fc.Arbitrary<string> {
  const known = examples[name];
  if (known) return fc.constantFrom(...known);
  const text = fc.string({ minLength, maxLength: 16 });
  if (pattern === undefined) return text;
  return pattern === '^slot:.*' ? text.map((end) => `slot:${end}`) : fc.stringMatching(new RegExp(pattern));
}

/** Timestamps of the next thousand years. */
const largest = 3.3e13;

const bounds = ({ minimum, exclusiveMinimum, maximum = largest }: JsonSchema) => ({
  min: Math.max(minimum ?? (exclusiveMinimum === undefined ? -1_000 : exclusiveMinimum + 1), -1_000),
  max: Math.min(maximum, largest),
});
