import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { decodeCursor, encodeCursor, pageOf } from './params.ts';

const page = (rows: number[], limit: number) =>
  pageOf(
    { name: 'numbers', columns: { n: 0 } },
    rows.map((n) => ({ n })),
    limit,
    ({ n }) => `#${n}`,
  );
const key = z.tuple([z.int()]);

describe('a page', () => {
  it('has the items that fit and a cursor if there are more', () => {
    const { items, next } = page([1, 2, 3], 2);
    expect(items).toEqual(['#1', '#2']);
    expect(decodeCursor('numbers', key, next ?? '')).toEqual([2]);
  });

  it('has no cursor if all items fit', () => {
    expect(page([1, 2], 2)).toEqual({ items: ['#1', '#2'], next: null });
    expect(page([], 2)).toEqual({ items: [], next: null });
  });
});

describe('a cursor', () => {
  it('needs no escaping in a URL', () => {
    expect(encodeCursor('numbers', [1, 'ü/+?&='])).toMatch(/^[\w-]+$/);
  });

  it('decodes to the encoded key', () => {
    const cursor = encodeCursor('texts', ['ü/+?&="', 7]);
    expect(decodeCursor('texts', z.tuple([z.string(), z.int()]), cursor)).toEqual(['ü/+?&="', 7]);
  });

  it.each([
    ['a cursor of another list', encodeCursor('letters', [1])],
    ['a cursor with another type', encodeCursor('numbers', ['1'])],
    ['a cursor that is too long', encodeCursor('numbers', [1, 2])],
    ['a cursor that is too short', encodeCursor('numbers', [])],
    ['JSON other than a list', Buffer.from('{"0":"numbers"}').toString('base64url')],
    ['text other than JSON', Buffer.from('numbers').toString('base64url')],
    ['an empty string', ''],
    ['other characters', '🚲'],
  ])('is undefined for %s', (_, cursor) => {
    expect(decodeCursor('numbers', key, cursor)).toBeUndefined();
  });
});
