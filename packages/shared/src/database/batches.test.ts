import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { manualMachine } from '../clock/index.ts';
import { inBatches } from './batches.ts';

/** Batches that the test ends. */
function start() {
  const machine = manualMachine();
  const batches: Array<{ items: readonly number[]; end(): void }> = [];
  const add = inBatches(
    (items: readonly number[]) =>
      new Promise<readonly number[]>((resolve) => batches.push({ items, end: () => resolve(items) })),
    10,
    machine,
  );
  return { machine, batches, add, items: () => batches.map((batch) => batch.items) };
}

it('collects items of one turn, and those that arrive while a batch is in flight, into one', async () => {
  const { batches, add, items } = start();
  const results = [1, 2].map(add);
  expect(items()).toEqual([]);
  await nextTurn();
  expect(items()).toEqual([[1, 2]]);
  results.push(add(3));
  await nextTurn();
  results.push(add(4));
  batches[0]?.end();
  await results[0];
  await expect.poll(items).toEqual([
    [1, 2],
    [3, 4],
  ]);
  batches[1]?.end();
  expect(await Promise.all(results)).toEqual([1, 2, 3, 4]);
});

it('starts a second batch beside a stuck one after two seconds, and continues from there', async () => {
  const { machine, batches, add, items } = start();
  void add(1);
  await nextTurn();
  const second = add(2);
  await nextTurn();
  machine.moveTo(1_999);
  expect(items()).toEqual([[1]]);
  machine.moveTo(2_000);
  expect(items()).toEqual([[1], [2]]);
  const third = add(3);
  await nextTurn();
  expect(items()).toHaveLength(2);
  batches[1]?.end();
  expect(await second).toBe(2);
  await expect.poll(items).toEqual([[1], [2], [3]]);

  void add(4);
  await nextTurn();
  machine.moveTo(10_000);
  expect(items()).toHaveLength(3);
  batches[0]?.end();
  batches[2]?.end();
  expect(await third).toBe(3);
  await expect.poll(items).toEqual([[1], [2], [3], [4]]);
});

it('tries each item alone when one has a value that Postgres cannot store', async () => {
  const bad = Object.assign(new Error('invalid byte sequence'), { code: '22021' });
  const tried: Array<readonly number[]> = [];
  const first = Promise.withResolvers<readonly number[]>();
  const add = inBatches(
    async (items: readonly number[]) => {
      tried.push(items);
      if (items.includes(1)) return first.promise;
      if (items.includes(3)) throw bad;
      return items;
    },
    10,
    manualMachine(),
  );
  const results = [add(1)];
  await nextTurn();
  results.push(...[2, 3, 4].map(add));
  first.resolve([1]);
  expect(await Promise.allSettled(results)).toEqual([
    { status: 'fulfilled', value: 1 },
    { status: 'fulfilled', value: 2 },
    { status: 'rejected', reason: bad },
    { status: 'fulfilled', value: 4 },
  ]);
  expect(tried).toEqual([[1], [2, 3, 4], [2], [3], [4]]);
});
