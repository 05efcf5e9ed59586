import { manualMachine } from '@paceline/shared/clock';
import { expect, it } from 'vitest';
import { recentCounts } from './counts.ts';

function counting() {
  const machine = manualMachine();
  const counted: string[] = [];
  const recent = recentCounts(async (events) => {
    for (const { eventId } of events) counted.push(eventId);
    const current = counted.length;
    return () => ({ current, withdrawn: 0, ours: 0, joinedLately: 0, withdrawnLately: 0 });
  }, machine);
  /** The events whose signups a list has to count. */
  const countedFor = async (ids: readonly string[], signupsFetchedAt: number | null = 1) => {
    counted.length = 0;
    const events = ids.map((eventId) => ({ eventId, signupsFetchedAt }));
    const countsOf = await recent(events, 0);
    for (const event of events) expect(countsOf(event).current).toBeGreaterThan(0);
    return [...counted];
  };
  return { machine, countedFor };
}

it('counts the signups of an event once for the lists of the next seconds', async () => {
  const { machine, countedFor } = counting();
  expect(await countedFor(['1', '2'])).toEqual(['1', '2']);
  expect(await countedFor(['2', '3', '1'])).toEqual(['3']);
  machine.moveTo(10_000);
  expect(await countedFor(['1', '2', '3'])).toEqual(['1', '2', '3']);
});

it('counts a newer copy at once', async () => {
  const { countedFor } = counting();
  await countedFor(['1', '2'], null);
  expect(await countedFor(['1'], 5)).toEqual(['1']);
  expect(await countedFor(['1'], 6)).toEqual(['1']);
  expect(await countedFor(['2'], null)).toEqual([]);
});

it('does not count a long list all at once again', async () => {
  const { machine, countedFor } = counting();
  const ids = Array.from({ length: 500 }, (_, index) => `${index}`);
  await countedFor(ids);
  for (const at of [2_600, 3_600, 4_600, 5_600, 6_600]) {
    machine.moveTo(at);
    expect((await countedFor(ids)).length).toBeLessThan(200);
  }
});

it('counts once for lists that arrive together, and again after a failure', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isDown = true;
  let times = 0;
  const recent = recentCounts(async () => {
    await promise;
    times += 1;
    if (isDown) throw new Error('no database');
    return () => ({ current: times, withdrawn: 0, ours: 0, joinedLately: 0, withdrawnLately: 0 });
  }, manualMachine());
  const event = { eventId: '1', signupsFetchedAt: 1 };
  const lists = () => Promise.allSettled([recent([event], 0), recent([event], 0)]);
  const failed = lists();
  resolve();
  expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isDown = false;
  await lists();
  expect([(await recent([event], 0))(event).current, times]).toEqual([2, 2]);
});
