import { eventStream } from '@paceline/shared/messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { fakeRiderSync } from '../testing/services.ts';
import { type ReceivedEvent, watch } from '../testing/sse.ts';

const viewers = 100;
const riders = Array.from({ length: 100 }, (_, index) => 1_000 + index);

let test: TestApi;
beforeAll(async () => {
  test = await startTestApi();
});
afterAll(() => test?.stop());

/** The 99th percentile of a hundred sequential reads, real ms. */
async function measureReads(): Promise<number> {
  const durations: number[] = [];
  for (let count = 0; count < 100; count += 1) {
    const startedAt = performance.now();
    expect((await test.get('/v1/riders?limit=1')).status).toBe(200);
    durations.push(performance.now() - startedAt);
  }
  return durations.toSorted((a, b) => a - b)[98] ?? 0;
}

it('loses and repeats nothing with a hundred viewers and a hundred concurrent POSTs', async () => {
  await fakeRiderSync(await test.busOf('rider-sync'), test.db, async (_, update) => {
    await update({ state: 'running' });
    await update({ state: 'done' });
  });
  await measureReads();
  const idle = await measureReads();
  const url = `${test.api.url}/v1/stream?types=command.changed`;
  const watching = await Promise.all(Array.from({ length: viewers }, () => test.until(() => watch(url))));

  const reading = measureReads();
  const post = async (riderId: number) => {
    const headers = { 'idempotency-key': `rider-${riderId}` };
    const { status, body } = await test.post('/v1/riders', { riderId }, headers);
    expect(status).toBe(202);
    return body.commandId as string;
  };
  const commandIds = await Promise.all(riders.map(post));
  const busy = await reading;
  expect(new Set(commandIds).size).toBe(riders.length);
  const kept = (await test.get('/v1/commands?limit=500')).body.items as Array<{ commandId: string }>;
  expect(kept.map(({ commandId }) => commandId)).toEqual(expect.arrayContaining(commandIds));

  const isDone = ({ data }: ReceivedEvent) => data.state === 'done';
  for (const { events } of watching) {
    await test.until(() => {
      const done = events.filter(isDone).map(({ data }) => data.commandId as string);
      expect(done).toEqual(expect.arrayContaining(commandIds));
    });
  }
  // Each viewer has received what the broker has, once and in order.
  const stream = eventStream(await test.busOf('api'));
  const { first, last } = await stream.range();
  const published = (await stream.read(first, last)).filter((each) => each.read()?.name === 'commandChanged');
  const upTo = published.at(-1)?.sequence ?? 0;
  for (const { events } of watching) {
    await test.until(() => expect(events.at(-1)?.id).toBeGreaterThanOrEqual(upTo));
    const ids = events.map(({ id }) => id as number).filter((id) => id <= upTo);
    expect(ids).toEqual(published.map(({ sequence }) => sequence));
  }
  for (const viewer of watching) viewer.stop();
  const ratio = (busy / idle).toFixed(1);
  process.stderr.write(
    `p99 of a read: idle ${idle.toFixed(1)} ms, busy ${busy.toFixed(1)} ms, ${ratio} times\n`,
  );
});
