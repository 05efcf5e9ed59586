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
const scheduleWith = (mode: SyncMode, pausedUntil = 0) => {
  const slots: SlotSettings = { mode, opens: 'every 1h', durationMs: 60_000, skip: '', catchUp: 'skip' };
  const settings = { timeZone: 'UTC', kinds: mapValues(kinds, () => slots) };
  const period = { since: 0, settings, pausedUntil: { near: pausedUntil } };
  return JSON.stringify({ periods: [period], configured: settings, changed: false });
};

it('keeps the last readable schedule while the stored one cannot be read, and has the reason', async () => {
  const bucket = await openScheduleBucket(bus);
  expect(await bucket.modeOf('near', 0)).toBe('on');
  await put(scheduleWith('off'));
  expect(await bucket.modeOf('near', 0)).toBe('off');
  for (const text of ['{"periods":[{"since":0', '{"periods":[]}', '']) {
    const version = await put(text);
    expect(await bucket.modeOf('near', 0)).toBe('off');
    expect(await bucket.find()).toMatchObject({ version, problem: expect.any(String) });
    const opened = await openScheduleBucket(bus);
    expect(await opened.modeOf('near', 0)).toBe('observed');
    expect((await opened.find()).stored).toBeUndefined();
  }
  await put(scheduleWith('on'));
  expect(await bucket.modeOf('near', 0)).toBe('on');
  expect((await bucket.find()).problem).toBeUndefined();
});

it('a paused kind is off until its pause ends', async () => {
  const bucket = await openScheduleBucket(bus);
  await put(scheduleWith('on', 60_000));
  expect(await bucket.modeOf('near', 59_999)).toBe('off');
  expect(await bucket.modeOf('near', 60_000)).toBe('on');
  expect(await bucket.modeOf('far', 0)).toBe('on');
});
