import { z } from '@hono/zod-openapi';
import type { SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { cursorParam, decodeCursor, limitParam, type List, oneOf, type PageQuery } from './params.ts';
import { Problem } from './problem.ts';

const orders = ['asc', 'desc'] as const;
type Order = (typeof orders)[number];

/** A column that a list can be sorted by. */
export interface SortColumn<Field extends string = string> {
  /** The field of a row that holds the value. */
  readonly field: Field;
  readonly column: PgColumn | SQL;
  readonly key: z.ZodType<string | number>;
}

/** A number that can be unknown. */
export const keyNumber = z.number();
/** Any text, also an empty or a very long one. */
export const keyAnyText = z.string().regex(/^[^\0]*$/);

export const orderParam = oneOf(orders);

/**
 * A list that can be sorted by any of several columns, the first one by default. Rows whose number is unknown come last in
 * both orders.
 * @param unique orders rows with equal values
 */
export function sortable<const Sort extends string, Field extends string>(
  name: string,
  unique: SortColumn<Field>,
  sorts: Readonly<Record<Sort, SortColumn<Field>>>,
) {
  const names = Object.keys(sorts) as [Sort, ...Sort[]];
  const listBy = (sort: Sort, direction: Order): List<Field> => {
    const by = sorts[sort].field === unique.field ? [unique] : [sorts[sort], unique];
    const last = direction === 'asc' ? Number.MAX_VALUE : -Number.MAX_VALUE;
    const numbers = by.filter(({ key }) => key === keyNumber);
    return {
      name: `${name} by ${sort} ${direction}`,
      direction,
      columns: Object.fromEntries(by.map(({ field, column }) => [field, column])) as List<Field>['columns'],
      key: z.tuple(by.map(({ key }) => key) as [SortColumn['key']]),
      nulls: Object.fromEntries(numbers.map(({ field }) => [field, last])) as List<Field>['nulls'],
    };
  };
  return {
    /** The query parameters of the list. */
    query: {
      sort: oneOf(names).default(names[0]).openapi({ default: names[0] }),
      order: orderParam.default('asc').openapi({ default: 'asc' }),
      limit: limitParam,
      cursor: cursorParam,
    },
    listBy,
  };
}

/** The page of a list whose sort is known only now. @throws {Problem} for a cursor of another list or sort */
export function pageOfList(
  list: List,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): PageQuery {
  if (cursor === undefined) return { limit };
  const position = decodeCursor(list.name, list.key, cursor);
  if (position !== undefined) return { limit, cursor: position };
  const message = 'must be the `next` value of a page of this list with the same sort and order';
  throw new Problem('invalid-input', `cursor ${message}`, { errors: [{ field: 'cursor', message }] });
}
