import { catalog, type ChangeSchedule, type ScheduleInForce } from '@paceline/shared/contracts';
import { request } from '@paceline/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  changeSchedule,
  nearEvery,
  openSchedulerHarness,
  replyTimeoutMs,
  type SchedulerHarness,
  type HarnessScheduler,
} from './testing/harness.ts';

const minute = 60_000;
let harness: SchedulerHarness;
let running: HarnessScheduler[];

beforeAll(async () => {
  harness = await openSchedulerHarness();
});
afterAll(() => harness?.close());

const nearTicks = async () => (await harness.ticks()).filter(({ kind }) => kind === 'near');

async function now(): Promise<ScheduleInForce> {
  const answer = await request(harness.api, catalog.currentSchedule, {}, {}, replyTimeoutMs);
  if (answer.answer !== 'in_force') throw new Error('no schedule in force');
  return answer.schedule;
}
const change = (requested: Partial<ChangeSchedule>) => changeSchedule(harness, requested);

describe('a schedule change', () => {
  it('that changes nothing makes no new version, nor does a reset with nothing to reset', async () => {
    const scheduler = await harness.start();
    const { version, settings } = await now();
    for (const requested of [{}, { timeZone: settings.timeZone }, null]) {
      const answer = await change({ change: requested });
      expect(answer).toMatchObject({ answer: 'in_force', schedule: { version, changed: false } });
    }
    await scheduler.stop();
  });
});

describe('a schedule change while schedulers run and stop', () => {
  it('applies immediately, opens every slot exactly once before and after, and does nothing when refused', async () => {
    const first = await harness.start();
    running = [first, await harness.start()];
    const configured = await now();
    expect(configured).toMatchObject({ changed: false });
    await harness.until(async () => expect((await nearTicks()).length).toBeGreaterThan(1));

    const refused = await change({
      change: { kinds: { far: { opens: '* * * * *', durationMs: 30 * minute } } },
    });
    expect(refused).toMatchObject({ answer: 'refused' });
    expect(await now()).toMatchObject({ version: configured.version });

    await harness.pass(minute / 2);
    const answer = await change({ version: configured.version, change: nearEvery(4), despiteErrors: true });
    if (answer.answer !== 'in_force') throw new Error('schedule not changed');
    const { since, version } = answer.schedule;
    expect(since).toBe(harness.clock.now());
    // Between the change and its first tick.
    await first.stop();
    expect(await change({ version: configured.version })).toEqual({ answer: 'changed_meanwhile', version });

    await harness.until(async () => {
      const after = (await nearTicks()).filter(({ scheduledFor }) => scheduledFor > since);
      expect(after).toHaveLength(4);
    });
    const ticks = await nearTicks();
    // At 18:25 and 18:40, then every four minutes.
    const minutes = ticks.map(({ scheduledFor }) => (scheduledFor - harness.startsAt) / minute);
    expect(minutes).toEqual([4, 19, 23, 27, 31, 35]);
    expect(new Set(ticks.map(({ slotId }) => slotId)).size).toBe(ticks.length);
  });

  it('survives all schedulers and is announced once, until changed back or reconfigured', async () => {
    for (const scheduler of running) await scheduler.stop();
    const third = await harness.start();
    const stored = await now();
    expect(stored).toMatchObject({ changed: true, settings: { kinds: { near: { opens: 'every 4m' } } } });
    const back = await change({ version: stored.version });
    expect(back).toMatchObject({ answer: 'in_force', schedule: { changed: false } });
    expect((await change({ change: nearEvery(6), despiteErrors: true })).answer).toBe('in_force');

    await third.stop();
    await harness.start({ SYNC_NEAR: 'observed' });
    await harness.until(async () => {
      expect(await now()).toMatchObject({
        changed: false,
        settings: { kinds: { near: { mode: 'observed', opens: '10,25,40,55 * * * *' } } },
      });
    });
    const { version } = await now();
    await harness.until(async () => {
      const announced = await harness.stored<{ version: number }>('EVENTS');
      expect(announced.map((each) => each.version).at(-1)).toBe(version);
      expect(new Set(announced.map((each) => each.version)).size).toBe(announced.length);
    });
    await harness.until(async () => expect((await nearTicks()).at(-1)?.mode).toBe('observed'));
  });
});
