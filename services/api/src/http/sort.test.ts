import { tables } from '@paceline/shared/database';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { riderRow, someTime } from '../testing/rows.ts';

let test: TestApi;

beforeAll(async () => {
  test = await startTestApi();
});
beforeEach(() => test.db.delete(tables.riders));
afterAll(() => test?.stop());

interface Rider {
  readonly riderId: number;
  readonly name: string;
  readonly rating: number | null;
  readonly weightKg: number | null;
  readonly fetchedAt: string;
}

/** All items of a list, page by page. */
async function readAll(path: string, limit: number): Promise<Rider[]> {
  const items: Rider[] = [];
  let next: string | null = null;
  do {
    const cursor: string = next === null ? '' : `&cursor=${next}`;
    const { body } = await test.get(`${path}&limit=${limit}${cursor}`);
    items.push(...body.items);
    ({ next } = body);
  } while (next !== null);
  return items;
}

const fields = {
  riderId: 'riderId',
  name: 'name',
  rating: 'rating',
  weight: 'weightKg',
  fetchedAt: 'fetchedAt',
} as const;

// Few values, so that many rows are equal; some are unknown, absurd or have all digits of a double.
const value = fc.constantFrom(null, 0, -3, 1_803.820_000_000_000_2, 0.1 + 0.2, 5e-324, 1e308);
const rider = fc.record({
  name: fc.constantFrom('', 'anna', 'Anna', 'Émile', 'Zoë', 'émile', '[TAG] Bo', "D'Angelo", '山田'),
  rating: value,
  weightKg: value,
  fetchedAt: fc.constantFrom(someTime, someTime + 1, someTime + 999),
});

/** Whether two neighbours of a sorted list are in order; names are compared by the database. */
function inOrder(before: Rider, after: Rider, sort: keyof typeof fields, order: string): boolean {
  const [a, b] = [before[fields[sort]], after[fields[sort]]];
  if (a === null || b === null) return b === null;
  const direction = order === 'asc' ? 1 : -1;
  if (a === b) return (after.riderId - before.riderId) * direction > 0;
  return sort === 'name' || (a < b ? direction : -direction) > 0;
}

describe('a sorted list', () => {
  it('has each row once and in order, whatever the sort, the order and the size of its pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rider, { minLength: 1, maxLength: 14 }),
        fc.constantFrom(...(Object.keys(fields) as Array<keyof typeof fields>)),
        fc.constantFrom('asc', 'desc'),
        fc.integer({ min: 1, max: 5 }),
        async (rows, sort, order, limit) => {
          await test.db.delete(tables.riders);
          await test.db.insert(tables.riders).values(rows.map((row, index) => riderRow(index + 1, row)));
          const path = `/v1/riders?sort=${sort}&order=${order}`;
          const items = await readAll(path, limit);
          const ids = items.map(({ riderId }) => riderId);
          expect(ids.toSorted((a, b) => a - b)).toEqual(rows.map((_, index) => index + 1));
          expect((await test.get(`${path}&limit=500`)).body.items.map((each: Rider) => each.riderId)).toEqual(
            ids,
          );
          for (const [index, after] of items.entries()) {
            const before = items[index - 1];
            if (before)
              expect(inOrder(before, after, sort, order), `${sort} ${order} at ${index}`).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('sorts names as people do: regardless of case, and accents beside their letter', async () => {
    const names = ['Zoë', 'émile', 'Finn', 'anna', 'Émile', 'Anna', 'Daan'];
    await test.db.insert(tables.riders).values(names.map((name, index) => riderRow(index + 1, { name })));
    const sorted = await readAll('/v1/riders?sort=name', 3);
    expect(sorted.map(({ name }) => name)).toEqual(['anna', 'Anna', 'Daan', 'émile', 'Émile', 'Finn', 'Zoë']);
  });

  it('refuses a cursor of another sort or order, naming the cursor', async () => {
    await test.db.insert(tables.riders).values([1, 2, 3].map((id) => riderRow(id, { rating: 1_000 })));
    const { next } = (await test.get('/v1/riders?sort=rating&limit=1')).body;
    expect((await test.get(`/v1/riders?sort=rating&cursor=${next}`)).status).toBe(200);
    for (const query of ['', 'sort=weight', 'sort=rating&order=desc', 'sort=name']) {
      const { status, body } = await test.get(`/v1/riders?${query}&cursor=${next}`);
      expect(status, query).toBe(400);
      expect(body.errors).toMatchObject([{ field: 'cursor', message: expect.stringContaining('`next`') }]);
    }
  });

  it('refuses an unknown sort or order', async () => {
    for (const [query, field] of [
      ['sort=age', 'sort'],
      ['order=up', 'order'],
    ] as const) {
      const { status, body } = await test.get(`/v1/riders?${query}`);
      expect([status, body.errors[0].field]).toEqual([400, field]);
    }
  });
});
