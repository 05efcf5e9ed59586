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
  it('shows what fits and where the next one begins, when more was found than fits', () => {
    const { items, next } = page([1, 2, 3], 2);
    expect(items).toEqual(['#1', '#2']);
    expect(decodeCursor('numbers', key, next ?? '')).toEqual([2]);
  });

  it('is the last one when all that was found fits', () => {
    expect(page([1, 2], 2)).toEqual({ items: ['#1', '#2'], next: null });
    expect(page([], 2)).toEqual({ items: [], next: null });
  });
});

describe('a cursor', () => {
  it('is a text that needs no escaping in an address', () => {
    expect(encodeCursor('numbers', [1, 'ü/+?&='])).toMatch(/^[\w-]+$/);
  });

  it('brings back what it was made of, whatever is in it', () => {
    const cursor = encodeCursor('texts', ['ü/+?&="', 7]);
    expect(decodeCursor('texts', z.tuple([z.string(), z.int()]), cursor)).toEqual(['ü/+?&="', 7]);
  });

  it.each([
    ['of another list', encodeCursor('letters', [1])],
    ['of another shape', encodeCursor('numbers', ['1'])],
    ['with too much in it', encodeCursor('numbers', [1, 2])],
    ['with too little in it', encodeCursor('numbers', [])],
    ['that is no list', Buffer.from('{"0":"numbers"}').toString('base64url')],
    ['that is no JSON', Buffer.from('numbers').toString('base64url')],
    ['that is nothing', ''],
    ['that is anything else', '🚲'],
  ])('%s is none', (_, cursor) => {
    expect(decodeCursor('numbers', key, cursor)).toBeUndefined();
  });
});
