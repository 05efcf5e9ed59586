import { z } from '@hono/zod-openapi';
import { and, getTableColumns, ilike, is, not, type SQL, sql } from 'drizzle-orm';
import { PgColumn, type PgSelect, type PgTable } from 'drizzle-orm/pg-core';

export const wholeNumber = (minimum: number, maximum: number) => {
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^\d{1,10}$/, message)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, message)
    .openapi({ type: 'integer', minimum, maximum });
};

/** Rider and club ids are stored as Postgres integers. */
const largestId = 2_147_483_647;
export const idParam = () => wholeNumber(1, largestId);
const idMessage = `must be a whole number from 1 to ${largestId}`;
export const bodyId = z.int(idMessage).min(1, idMessage).max(largestId, idMessage);

export const textId = z
  .string()
  .regex(/^[\w:.+-]{1,200}$/, 'must be an id of 1 to 200 letters, digits and _:.+-');

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);

/** true or false; undefined: both. */
export const flagParam = (description: string) =>
  oneOf(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .openapi({ type: 'boolean', description });

/** The condition of a `flagParam`. */
export const ifFlag = (flag: boolean | undefined, condition: SQL): SQL | undefined =>
  flag === undefined ? undefined : flag ? condition : not(condition);

/** Part of a name or title. */
export const searchParam = (description: string, example: string) =>
  z
    .string()
    .regex(/^[^\0]{1,100}$/, 'must be 1 to 100 characters')
    .optional()
    .openapi({ description, example });

export const contains = (column: PgColumn, part: string | undefined): SQL | undefined =>
  part === undefined ? undefined : ilike(column, `%${part.replace(/[\\%_]/g, '\\$&')}%`);

export const timeParam = z.iso.datetime('must be a time such as 2026-03-01T12:00:00Z');

type Key = readonly (string | number)[];

export const keyId = z.int().min(1).max(largestId);
/** Ms, up to the end of year 9999: the last one that ISO 8601 writes with four digits. */
export const keyTime = z.int().min(0).max(253_402_300_799_999);
export const keyText = z.string().regex(/^[^\0]{1,200}$/);

export interface List<Column extends string = string, K extends Key = Key> {
  readonly name: string;
  readonly direction: 'asc' | 'desc';
  /** The sort columns, unique together. Rows have fields of the same names. */
  readonly columns: Readonly<Record<Column, PgColumn | SQL>>;
  readonly key: z.ZodType<K>;
  readonly nulls?: Readonly<Partial<Record<Column, string | number>>> | undefined;
}

export const defineList = <Column extends string, K extends [string | number, ...(string | number)[]]>(
  name: string,
  direction: 'asc' | 'desc',
  columns: Readonly<Record<Column, PgColumn>>,
  key: { [I in keyof K]: z.ZodType<K[I]> },
  nulls?: List<Column>['nulls'],
): List<Column, K> => {
  const tuple = z.tuple(key as unknown as [z.ZodType]) as unknown as z.ZodType<K>;
  return { name, direction, columns, key: tuple, nulls };
};

export interface PageQuery<K extends Key = Key> {
  readonly limit: number;
  readonly cursor?: K | undefined;
}

export const limitParam = wholeNumber(1, 500)
  .default(100)
  .openapi({ default: 100, description: 'Items per page, default 100, max 500' });
const cursorDescription = 'The `next` value of the previous page';
export const cursorParam = z.string().optional().openapi({ description: cursorDescription });

export const pageQuery = <K extends Key>({ name, key }: Pick<List<string, K>, 'name' | 'key'>) => ({
  limit: limitParam,
  cursor: z
    .string()
    .transform((text, context): K => {
      const position = decodeCursor(name, key, text);
      if (position !== undefined) return position;
      context.addIssue({ code: 'custom', message: 'must be the `next` value of a page of this list' });
      return z.NEVER;
    })
    .optional()
    .openapi({ description: cursorDescription }),
});

export const listOf = <S extends z.ZodType>(item: S) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe('Cursor of the next page; null on the last page'),
  });

export const countedListOf = <S extends z.ZodType>(item: S) =>
  listOf(item).extend({
    total: z.int().describe('Number of items on all pages').openapi({ example: 1 }),
  });

export function columnsExcept<T extends PgTable, Name extends keyof T['_']['columns'] & string>(
  table: T,
  ...names: readonly Name[]
): Omit<T['_']['columns'], Name> {
  const columns = Object.entries(getTableColumns(table)).filter(([name]) => !names.includes(name as Name));
  return Object.fromEntries(columns) as Omit<T['_']['columns'], Name>;
}

/** Returns up to `limit` + 1 rows after the cursor. Rows added or deleted before the cursor don't shift the page. */
export function readRows<Query extends PgSelect>(
  query: Query,
  { columns, direction, nulls = {} }: List,
  { limit, cursor }: PageQuery,
  where?: SQL,
): Promise<Query['_']['result']> {
  const sorted = Object.entries(columns).map(([name, column]) => {
    const forNull = nulls[name];
    if (forNull === undefined) return column;
    return sql`coalesce(${column}, ${sql.raw(typeof forNull === 'string' ? `'${forNull}'` : String(forNull))})`;
  });
  const values = sorted.map((by, index) =>
    is(by, PgColumn) ? sql.param(cursor?.[index], by) : sql.param(cursor?.[index]),
  );
  const compare = sql.raw(direction === 'asc' ? '>' : '<');
  const afterCursor =
    cursor && sql`(${sql.join([...sorted], sql`, `)}) ${compare} (${sql.join(values, sql`, `)})`;
  return query
    .where(and(afterCursor, where))
    .orderBy(...sorted.map((by) => sql`${by} ${sql.raw(direction)}`))
    .limit(limit + 1) as unknown as Promise<Query['_']['result']>;
}

export async function readPage<Query extends PgSelect, Item>(
  query: Query,
  list: List,
  page: PageQuery,
  view: (row: Query['_']['result'][number]) => Item,
  where?: SQL,
) {
  return pageOf(list, await readRows(query, list, page, where), page.limit, view);
}

export function pageOf<Column extends string, Row extends Record<Column, string | number | null>, Item>(
  { name, columns, nulls }: Pick<List<Column>, 'name' | 'nulls'> & { columns: Record<Column, unknown> },
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => Item,
): { items: Item[]; next: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  if (rows.length <= limit || last === undefined) return { items: page.map(view), next: null };
  const key = (Object.keys(columns) as Column[]).map(
    (column): string | number => last[column] ?? nulls?.[column] ?? '',
  );
  return { items: page.map(view), next: encodeCursor(name, key) };
}

export const encodeCursor = (list: string, key: Key): string =>
  Buffer.from(JSON.stringify([list, ...key])).toString('base64url');

export function decodeCursor<K extends Key>(
  list: string,
  schema: z.ZodType<K>,
  cursor: string,
): K | undefined {
  try {
    const [name, ...key] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    return name === list ? schema.safeParse(key).data : undefined;
  } catch {
    return undefined;
  }
}
