import { setImmediate as nextTurn } from 'node:timers/promises';
import { createVirtualClock } from '@paceline/shared/clock';
import { expect, it } from 'vitest';
import { repeatWhileBusy } from './repeat.ts';

async function repeated(graceMs = 0) {
  const clock = createVirtualClock();
  const runs: number[] = [];
  const state = { hasWork: false };
  const job = repeatWhileBusy(
    clock.machine,
    async () => {
      runs.push(clock.now());
      return state.hasWork;
    },
    graceMs,
  );
  await nextTurn();
  const runsIn = async (ms: number) => {
    runs.length = 0;
    await clock.advance(ms);
    return runs;
  };
  return { runsIn, state, onWork: job.onWork };
}

it('repeats a task rarely while there is no work, and every second from when it has found some', async () => {
  const { runsIn, state } = await repeated();
  expect(await runsIn(60_000)).toEqual([30_000, 60_000]);
  state.hasWork = true;
  expect(await runsIn(33_000)).toEqual([90_000, 91_000, 92_000, 93_000]);
  state.hasWork = false;
  expect(await runsIn(30_000)).toEqual([94_000]);
});

it('repeats a task from a second after news of work until the work must be visible', async () => {
  const { runsIn, onWork } = await repeated(2_000);
  await runsIn(10_500);
  onWork();
  await runsIn(100);
  onWork();
  expect(await runsIn(30_000)).toEqual([11_500, 12_500, 13_500, 14_500]);
});
