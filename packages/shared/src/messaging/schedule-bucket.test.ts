import { Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { scheduleBucket, scheduleKey, type SlotSettings, type SyncMode } from '../contracts/index.ts';
import { kinds, mapValues } from '../definition/index.ts';
import { sharedBroker, type TestBroker } from '../testing/backend.ts';
import { testLog } from '../testing/index.ts';
import { type Bus, createBus, openScheduleBucket } from './index.ts';

let broker: TestBroker;
let bus: Bus;
beforeAll(async () => {
  broker = await sharedBroker();
  bus = createBus(broker.admin, testLog('schedule-bucket-test'));
});
afterAll(() => broker?.close());

const put = async (text: string) => (await new Kvm(bus.js).open(scheduleBucket)).put(scheduleKey, text);
const scheduleWith = (mode: SyncMode) => {
  const slots: SlotSettings = { mode, opens: 'every 1h', durationMs: 60_000, skip: '', catchUp: 'skip' };
  const settings = { timeZone: 'UTC', kinds: mapValues(kinds, () => slots) };
  return JSON.stringify({ periods: [{ since: 0, settings }], configured: settings, changed: false });
};

it('keeps the last readable schedule while the stored one cannot be read, and has the reason', async () => {
  const bucket = await openScheduleBucket(bus);
  expect(await bucket.modeOf('near')).toBe('on');
  await put(scheduleWith('off'));
  expect(await bucket.modeOf('near')).toBe('off');
  for (const text of ['{"periods":[{"since":0', '{"periods":[]}', '']) {
    const version = await put(text);
    expect(await bucket.modeOf('near')).toBe('off');
    expect(await bucket.find()).toMatchObject({ version, problem: expect.any(String) });
    const opened = await openScheduleBucket(bus);
    expect(await opened.modeOf('near')).toBe('observed');
    expect((await opened.find()).stored).toBeUndefined();
  }
  await put(scheduleWith('on'));
  expect(await bucket.modeOf('near')).toBe('on');
  expect((await bucket.find()).problem).toBeUndefined();
});
