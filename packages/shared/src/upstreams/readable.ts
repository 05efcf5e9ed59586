import type { z } from 'zod';
import { type Counter, dialectEntry } from './dialect.ts';
import { budgetEntry, endpointEntry, isName } from './schema.ts';

type Fields<Schema extends z.ZodType> = Partial<z.output<Schema>>;

/** What could be read of a file, however much of the rest is wrong. */
export interface Readable {
  readonly budgets: Readonly<Record<string, Fields<typeof budgetEntry>>>;
  /** Undefined: not all could be read. */
  readonly budgetNames: readonly string[] | undefined;
  readonly endpoints: Readonly<Record<string, Fields<typeof endpointEntry>>>;
  readonly counters: readonly Counter[];
}

export function readableOf(file: unknown): Readable {
  const { budgets, endpoints, answers } = groupOf(file);
  const names = Object.keys(groupOf(budgets));
  const counters = dialectEntry.shape.counters.safeParse(groupOf(answers)['counters']);
  return {
    budgets: entriesOf(budgetEntry, budgets),
    budgetNames: names.length > 0 && names.every(isName) ? names : undefined,
    endpoints: Object.fromEntries(
      Object.entries(entriesOf(endpointEntry, endpoints)).map(([name, fields]) => [
        name,
        'budgets' in fields ? { ...fields, budgets: fields.budgets ?? [name] } : fields,
      ]),
    ),
    counters: counters.data ?? [],
  };
}

const groupOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};

const entriesOf = <Schema extends z.ZodObject>(schema: Schema, group: unknown) =>
  Object.fromEntries(
    Object.entries(groupOf(group)).map(([name, entry]) => [name, fieldsOf(schema, groupOf(entry))]),
  );

function fieldsOf<Schema extends z.ZodObject>(
  { shape }: Schema,
  entry: Readonly<Record<string, unknown>>,
): Fields<Schema> {
  // An unknown field can be a misspelt one: what is missing then may not be meant to have its default.
  const hasUnknown = Object.keys(entry).some((key) => !Object.hasOwn(shape, key));
  const read = Object.entries(shape as Record<string, z.ZodType>).flatMap(([key, schema]) => {
    if (hasUnknown && !Object.hasOwn(entry, key)) return [];
    const parsed = schema.safeParse(entry[key]);
    return parsed.success ? [[key, parsed.data] as const] : [];
  });
  return Object.fromEntries(read) as Fields<Schema>;
}
