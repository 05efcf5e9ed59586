import { z } from '@hono/zod-openapi';
import { decodeCursor, type Key } from '../core/cursor.ts';

/** A whole number as it stands in a path or query: digits only. */
export const wholeNumber = (minimum: number, maximum: number) => {
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^\d{1,10}$/, message)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, message)
    .openapi({ type: 'integer', minimum, maximum });
};

/** Upstream's ids of riders and clubs are Postgres integers. */
export const largestId = 2_147_483_647;
export const idParam = () => wholeNumber(1, largestId);

/** An id that is a text. */
export const textId = z.string().regex(/^[\w:.+-]{1,200}$/, 'is not an id');

/** Any of a few words, or none. */
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`).optional();

/** 1 to 500 items; `cursor` is the `next` of the page before. */
export const pageQuery = <S extends z.ZodType<Key>>(list: string, key: S) => ({
  limit: wholeNumber(1, 500)
    .default(100)
    .openapi({ default: 100, description: 'How many items at the most' }),
  cursor: z
    .string()
    .transform((text, context) => {
      const place = decodeCursor(list, key, text);
      if (place !== undefined) return place;
      context.addIssue({ code: 'custom', message: 'is not the `next` of a page of this list' });
      return z.NEVER;
    })
    .optional()
    .openapi({ description: 'The `next` of the page before' }),
});

/** The last moment that ISO 8601 writes with four digits of a year. */
export const keyMoment = z.int().min(0).max(253_402_300_799_999);
export const keyText = z.string().regex(/^[^\0]{1,200}$/);

/** The body of a list of `item`. */
export const listOf = <S extends z.ZodType>(item: S) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe('The cursor of the next page; null: this is the last one'),
  });
