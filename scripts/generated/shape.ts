import { budgetNames, kindNames, laneNames } from '../../packages/shared/src/definition/index.ts';

/** The part of JSON Schema that payloads and responses use. */
export interface Schema {
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
  readonly description?: string;
  /** `#/components/schemas/Name` */
  readonly $ref?: string;
}

/** How to write schemas. */
export interface Notation {
  /** Unions of literals that have a name. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** With descriptions as comments, and `| undefined` for `exactOptionalPropertyTypes`. */
  readonly asCode: boolean;
}

const maxWidth = 100;
const ofMessages: Notation = {
  names: { BudgetName: budgetNames, Lane: laneNames, SyncKind: kindNames },
  asCode: false,
};

/** A payload in TypeScript notation; an `integer` is a whole number. */
export function shapeOf(payload: { toJSONSchema(): unknown }): string {
  const shape = write(payload.toJSONSchema() as Schema, '', ofMessages);
  // Alternatives start on a new, indented line, which is not needed at the top level.
  return shape.startsWith('\n') ? shape.replaceAll('\n  ', '\n').trimStart() : shape;
}

/** A schema in TypeScript notation. */
export function write(schema: Schema, indent: string, notation: Notation): string {
  const { type, properties, items, propertyNames, additionalProperties } = schema;
  const choices = schema.oneOf ?? schema.anyOf;
  if (schema.$ref) return schema.$ref.split('/').at(-1) ?? '';
  if (choices) return alternatives(choices, indent, notation);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return union(schema.enum, notation);
  const orNull = Array.isArray(type) && type.includes('null') ? ' | null' : '';
  if (items) return list(items, indent, notation) + orNull;
  if (properties) return fields(properties, schema.required ?? [], indent, notation) + orNull;
  if (typeof additionalProperties === 'object') {
    return `Record<${write(propertyNames ?? { type: 'string' }, indent, notation)}, ${write(additionalProperties, indent, notation)}>`;
  }
  return Array.isArray(type) ? type.join(' | ') : String(type ?? 'unknown');
}

function union(values: readonly unknown[], { names }: Notation): string {
  const literals = values.filter((value) => typeof value === 'string').join();
  const named = Object.entries(names).find(([, each]) => each.join() === literals)?.[0];
  if (named) return values.includes(null) ? `${named} | null` : named;
  return values.map((value) => JSON.stringify(value)).join(' | ');
}

function list(items: Schema, indent: string, notation: Notation): string {
  const item = write(items, indent, notation);
  if (item.startsWith('\n')) return `Array<${item}\n${indent}>`;
  return item.includes(' | ') ? `Array<${item}>` : `${item}[]`;
}

function alternatives(schemas: readonly Schema[], indent: string, notation: Notation): string {
  const nonNull = schemas.filter(({ type }) => type !== 'null');
  const [only] = nonNull;
  if (only && nonNull.length === 1) return `${write(only, indent, notation)} | null`;
  const written = schemas.map((schema) => write(schema, `${indent}    `, notation));
  const line = written.join(' | ');
  return fits(line, indent) ? line : written.map((each) => `\n${indent}  | ${each}`).join('');
}

function fields(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
  indent: string,
  notation: Notation,
): string {
  const { names, asCode } = notation;
  const all = Object.entries(properties);
  const [first] = all;
  if (!first) return '{}';
  // A record with exactly the keys of a named union.
  const named = Object.entries(names).find(
    ([, known]) => String(known) === String(all.map(([name]) => name)),
  );
  if (asCode && named) {
    const record = `Record<${named[0]}, ${write(first[1], indent, notation)}>`;
    return required.length === 0 ? `Partial<${record}>` : record;
  }
  const written = all.map(([name, schema]) => {
    const value = write(schema, `${indent}  `, notation);
    const isOptional = !required.includes(name);
    const key = /^\w+$/.test(name) ? name : JSON.stringify(name);
    const gap = value.startsWith('\n') ? '' : ' ';
    return `${key}${isOptional ? '?' : ''}:${gap}${value}${isOptional && asCode ? ' | undefined' : ''}`;
  });
  const line = `{ ${written.join(', ')} }`;
  const comments = all.map(([, { description }]) =>
    asCode && description ? `${indent}  /** ${description.replaceAll('\n', ' ')} */\n` : '',
  );
  if (fits(line, indent) && !comments.some(Boolean)) return line;
  const end = asCode ? ',' : '';
  return `{\n${written.map((each, index) => `${comments[index]}${indent}  ${each}${end}\n`).join('')}${indent}}`;
}

const fits = (text: string, indent: string) =>
  !text.includes('\n') && text.length + indent.length <= maxWidth;
