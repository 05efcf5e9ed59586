import { eventStream } from '@paceline/shared/messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { playRiderSync } from '../testing/services.ts';
import { type Heard, watch } from '../testing/sse.ts';

const viewers = 100;
const riders = Array.from({ length: 100 }, (_, index) => 1_000 + index);

let test: TestApi;
beforeAll(async () => {
  test = await startTestApi();
});
afterAll(() => test?.stop());

/** Real ms that the 99th of a hundred reads takes, one after the other. */
async function slowestReads(): Promise<number> {
  const took: number[] = [];
  for (let count = 0; count < 100; count += 1) {
    const askedAt = performance.now();
    expect((await test.get('/v1/riders?limit=1')).status).toBe(200);
    took.push(performance.now() - askedAt);
  }
  return took.toSorted((a, b) => a - b)[98] ?? 0;
}

it('with a hundred viewers and a hundred POSTs at once nothing is lost or doubled', async () => {
  await playRiderSync(await test.busOf('rider-sync'), test.db, async (_, move) => {
    await move({ state: 'running' });
    await move({ state: 'done' });
  });
  await slowestReads();
  const idle = await slowestReads();
  const url = `${test.api.url}/v1/stream?types=command.changed`;
  const watching = await Promise.all(Array.from({ length: viewers }, () => test.until(() => watch(url))));

  const reading = slowestReads();
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

  const isDone = ({ data }: Heard) => data.state === 'done';
  for (const { heard } of watching) {
    await test.until(() => {
      const done = heard.filter(isDone).map(({ data }) => data.commandId as string);
      expect(done).toEqual(expect.arrayContaining(commandIds));
    });
  }
  // What the broker has is what each has heard, in that order and once.
  const stream = eventStream(await test.busOf('api'));
  const { first, last } = await stream.range();
  const told = (await stream.read(first, last)).filter(({ event }) => event?.name === 'commandChanged');
  const upTo = told.at(-1)?.sequence ?? 0;
  for (const { heard } of watching) {
    await test.until(() => expect(heard.at(-1)?.id).toBeGreaterThanOrEqual(upTo));
    const ids = heard.map(({ id }) => id as number).filter((id) => id <= upTo);
    expect(ids).toEqual(told.map(({ sequence }) => sequence));
  }
  for (const viewer of watching) viewer.stop();
  const ratio = (busy / idle).toFixed(1);
  process.stderr.write(
    `p99 of a read: idle ${idle.toFixed(1)} ms, busy ${busy.toFixed(1)} ms, ${ratio} times\n`,
  );
});
