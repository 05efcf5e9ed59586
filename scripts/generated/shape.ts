import { budgetNames, kindNames, laneNames } from '../../packages/shared/src/definition/index.ts';

/** The part of JSON Schema that payloads are made of. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

const widest = 100;
const vocabularies = { Budget: budgetNames, Lane: laneNames, SyncKind: kindNames };

/** What a payload looks like, in the notation of TypeScript; an `integer` is a whole number. */
export function shapeOf(payload: { toJSONSchema(): unknown }): string {
  const shape = write(payload.toJSONSchema() as Schema, '');
  // Alternatives begin on a line of their own, one step in: here there is nothing before them.
  return shape.startsWith('\n') ? shape.replaceAll('\n  ', '\n').trimStart() : shape;
}

function write(schema: Schema, indent: string): string {
  const { type, properties, items, propertyNames, additionalProperties } = schema;
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return alternatives(choices, indent);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return words(schema.enum);
  if (items) return list(items, indent);
  if (properties) return fields(properties, schema.required ?? [], indent);
  if (typeof additionalProperties === 'object') {
    return `Record<${write(propertyNames ?? {}, indent)}, ${write(additionalProperties, indent)}>`;
  }
  return Array.isArray(type) ? type.join(' | ') : String(type ?? 'unknown');
}

/** A list of words that has a name goes by it. */
function words(values: readonly unknown[]): string {
  const named = Object.entries(vocabularies).find(([, known]) => String(known) === String(values));
  return named ? named[0] : values.map((value) => JSON.stringify(value)).join(' | ');
}

function list(items: Schema, indent: string): string {
  const item = write(items, indent);
  if (item.startsWith('\n')) return `Array<${item}\n${indent}>`;
  return item.includes(' | ') ? `Array<${item}>` : `${item}[]`;
}

function alternatives(schemas: readonly Schema[], indent: string): string {
  const some = schemas.filter(({ type }) => type !== 'null');
  const [only] = some;
  if (only && some.length === 1) return `${write(only, indent)} | null`;
  const written = schemas.map((schema) => write(schema, `${indent}    `));
  const line = written.join(' | ');
  return fits(line, indent) ? line : written.map((each) => `\n${indent}  | ${each}`).join('');
}

function fields(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
  indent: string,
): string {
  const written = Object.entries(properties).map(([name, schema]) => {
    const value = write(schema, `${indent}  `);
    return `${name}${required.includes(name) ? '' : '?'}:${value.startsWith('\n') ? '' : ' '}${value}`;
  });
  if (written.length === 0) return '{}';
  const line = `{ ${written.join(', ')} }`;
  return fits(line, indent) ? line : `{\n${written.map((each) => `${indent}  ${each}\n`).join('')}${indent}}`;
}

const fits = (text: string, indent: string) => !text.includes('\n') && text.length + indent.length <= widest;
