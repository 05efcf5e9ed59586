import { budgetNames, kindNames, laneNames } from '../../packages/shared/src/definition/index.ts';

/** The part of JSON Schema that payloads use. */
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

const maxWidth = 100;
/** Unions of literals that have a name. */
const names: Readonly<Record<string, readonly string[]>> = {
  BudgetName: budgetNames,
  Lane: laneNames,
  SyncKind: kindNames,
};

/** A payload in TypeScript notation; an `integer` is a whole number. */
export function shapeOf(payload: { toJSONSchema(): unknown }): string {
  const shape = write(payload.toJSONSchema() as Schema, '');
  // Alternatives start on a new, indented line, which is not needed at the top level.
  return shape.startsWith('\n') ? shape.replaceAll('\n  ', '\n').trimStart() : shape;
}

/** A schema in TypeScript notation. */
function write(schema: Schema, indent: string): string {
  const { type, properties, items, propertyNames, additionalProperties } = schema;
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return alternatives(choices, indent);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return union(schema.enum);
  const orNull = Array.isArray(type) && type.includes('null') ? ' | null' : '';
  if (items) return list(items, indent) + orNull;
  if (properties) return fields(properties, schema.required ?? [], indent) + orNull;
  if (typeof additionalProperties === 'object') {
    return `Record<${write(propertyNames ?? { type: 'string' }, indent)}, ${write(additionalProperties, indent)}>`;
  }
  return Array.isArray(type) ? type.join(' | ') : String(type ?? 'unknown');
}

function union(values: readonly unknown[]): string {
  const literals = values.filter((value) => typeof value === 'string').join();
  const named = Object.entries(names).find(([, each]) => each.join() === literals)?.[0];
  if (named) return values.includes(null) ? `${named} | null` : named;
  return values.map((value) => JSON.stringify(value)).join(' | ');
}

function list(items: Schema, indent: string): string {
  const item = write(items, indent);
  if (item.startsWith('\n')) return `Array<${item}\n${indent}>`;
  return item.includes(' | ') ? `Array<${item}>` : `${item}[]`;
}

function alternatives(schemas: readonly Schema[], indent: string): string {
  const nonNull = schemas.filter(({ type }) => type !== 'null');
  const [only] = nonNull;
  if (only && nonNull.length === 1) return `${write(only, indent)} | null`;
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
    const gap = value.startsWith('\n') ? '' : ' ';
    return `${name}${required.includes(name) ? '' : '?'}:${gap}${value}`;
  });
  if (written.length === 0) return '{}';
  const line = `{ ${written.join(', ')} }`;
  if (fits(line, indent)) return line;
  return `{\n${written.map((each) => `${indent}  ${each}\n`).join('')}${indent}}`;
}

const fits = (text: string, indent: string) =>
  !text.includes('\n') && text.length + indent.length <= maxWidth;
