import { createClock, manualMachine } from '@paceline/shared/clock';
import { type DatabaseClient, openDatabase } from '@paceline/shared/database';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { log } from '../testing/api.ts';
import { spentUntil } from '../testing/services.ts';
import { commandWatches, submitCommandWith } from './submit.ts';

const { endpoints } = loadUpstreams({}).zwiftracing;
const start = Date.UTC(2026, 10, 24, 18);
let unused: DatabaseClient;
beforeAll(() => {
  unused = openDatabase('postgres://127.0.0.1:1/none', () => {});
});
afterAll(() => unused?.close());

/** Submits an add that takes `storingMs` to store. Each request for the windows says they are free a minute later. */
async function submitAfter(storingMs: number) {
  const machine = manualMachine(start);
  const clock = createClock({ scale: 1, anchor: start }, machine);
  let windowRequests = 0;
  const submit = submitCommandWith({
    db: unused.db,
    broker: { bus: () => undefined as never },
    store: async ({ commandId }) => {
      machine.moveTo(start + storingMs);
      return { commandId, isNew: true, riderStored: false, ahead: 0 };
    },
    publisher: { publish: async () => {} },
    watches: commandWatches(),
    windows: async () => {
      windowRequests += 1;
      const free = clock.now() + 60_000;
      return [spentUntil('riders_single', free), spentUntil('riders_bulk', free + 86_400_000)];
    },
    endpoints,
    clock,
    log,
  });
  const { progress } = await submit({ type: 'add-rider', riderId: 1 }, {});
  return { progress, windowRequests };
}

it('estimates from the windows that were requested before storing, if that was quick', async () => {
  expect(await submitAfter(900)).toMatchObject({ windowRequests: 1, progress: { until: start + 60_000 } });
});

it('requests the windows again for the estimate, if storing took more than a second', async () => {
  expect(await submitAfter(30_000)).toMatchObject({ windowRequests: 2, progress: { until: start + 90_000 } });
});

it('waits for the end of the command that an add is the same as', async () => {
  const machine = manualMachine(start);
  const watches = commandWatches();
  const end = { commandId: 'other', progress: { state: 'done' }, at: start } as const;
  const submit = submitCommandWith({
    db: unused.db,
    broker: { bus: () => undefined as never },
    store: async () => ({ commandId: 'other', isNew: false, riderStored: false, ahead: 0 }),
    publisher: { publish: () => Promise.reject(new Error('published twice')) },
    watches: {
      ...watches,
      start(commandId) {
        const watch = watches.start(commandId);
        watches.notify(end);
        return watch;
      },
    },
    windows: async () => undefined,
    endpoints,
    clock: createClock({ scale: 1, anchor: start }, machine),
    log,
  });
  const waiting = new AbortController().signal;
  expect(await submit({ type: 'add-rider', riderId: 1 }, { waiting })).toMatchObject({
    commandId: 'other',
    progress: { state: 'done' },
    finishedAt: start,
  });
});
