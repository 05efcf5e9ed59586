import type { z } from 'zod';

/** What the last row of a page is found again by: the values of the columns that the list is ordered by. */
export type Key = readonly (string | number)[];

/** An opaque text for a place in a list; `list` keeps it from being taken for a place in another one. */
export const encodeCursor = (list: string, key: Key): string =>
  Buffer.from(JSON.stringify([list, ...key])).toString('base64url');

/** The place that a cursor names; undefined when it was not made for this list. */
export function decodeCursor<S extends z.ZodType<Key>>(
  list: string,
  schema: S,
  cursor: string,
): z.infer<S> | undefined {
  const [name, ...key] = parseArray(Buffer.from(cursor, 'base64url').toString());
  if (name !== list) return undefined;
  return schema.safeParse(key).data;
}

function parseArray(text: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}
