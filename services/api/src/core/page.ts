import { encodeCursor, type Key } from './cursor.ts';

/** What every list answers. */
export interface Page<Item> {
  items: Item[];
  /** The cursor of the next page; null when this is the last one. */
  next: string | null;
}

/**
 * One page out of rows of which one more was asked for than fit.
 * @param keyOf the values of the columns that the list is ordered by
 */
export function pageOf<Row, Item>(
  list: string,
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => Item,
  keyOf: (row: Row) => Key,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items: shown.map(view), next: more ? encodeCursor(list, keyOf(last)) : null };
}
