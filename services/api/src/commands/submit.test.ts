import { createClock, manualMachine } from '@paceline/shared/clock';
import { type DatabaseClient, openDatabase } from '@paceline/shared/database';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { log } from '../testing/api.ts';
import { spentUntil } from '../testing/services.ts';
import { createWatches, submitCommandWith } from './submit.ts';

const begin = Date.UTC(2026, 10, 24, 18);
let unused: DatabaseClient;
beforeAll(() => {
  unused = openDatabase('postgres://127.0.0.1:1/none', () => {});
});
afterAll(() => unused?.close());

/** Takes an add whose storing takes so long; the window is free a minute after each question. */
async function submitAfter(storingMs: number) {
  const machine = manualMachine(begin);
  const clock = createClock({ scale: 1, anchor: begin }, machine);
  let asked = 0;
  const submit = submitCommandWith({
    db: unused.db,
    broker: { bus: () => undefined as never },
    store: async () => {
      machine.moveTo(begin + storingMs);
      return { isNew: true, riderStored: false, ahead: 0 };
    },
    publisher: { publish: async () => {} },
    watches: createWatches(),
    windows: async () => {
      asked += 1;
      const free = clock.now() + 60_000;
      return [spentUntil('riders_single', free), spentUntil('riders_bulk', free + 86_400_000)];
    },
    clock,
    log,
  });
  const { progress } = await submit({ type: 'add-rider', riderId: 1 }, {});
  return { progress, asked };
}

it('an estimate is made from windows that were asked for beside storing, when that was quick', async () => {
  expect(await submitAfter(900)).toMatchObject({ asked: 1, progress: { until: begin + 60_000 } });
});

it('an estimate is made from windows that are asked for again, when storing took more than a second', async () => {
  expect(await submitAfter(30_000)).toMatchObject({ asked: 2, progress: { until: begin + 90_000 } });
});
