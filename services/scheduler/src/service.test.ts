import { jetstreamManager } from '@nats-io/jetstream';
import { type Clock, createClock } from '@paceline/shared/clock';
import { loadConfig } from '@paceline/shared/config';
import { permissionsOf, type Tick } from '@paceline/shared/contracts';
import { connect, provision } from '@paceline/shared/messaging';
import type { RunningService } from '@paceline/shared/runtime';
import { clockFrom } from '@paceline/shared/sync/testing';
import { createLogger } from '@paceline/shared/telemetry';
import { eventually, type TestNats, testNats } from '@paceline/shared/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schedulerVariables } from './config.ts';
import { startScheduler } from './service.ts';

const log = createLogger('scheduler-test', 'error');
/** An hour in a second, from the middle of an hour on. */
const begins = Date.parse('2026-05-04T03:30Z');
let clock: Clock;
const running: RunningService[] = [];
/** So that the first rider sync is the only one. */
const yearly = '0 0 1 1 *';
let nats: TestNats;
let admin: Awaited<ReturnType<typeof connect>>;

const urlFor = (user: string) => nats.url.replace('//', `//${user}:p@`);

async function runScheduler(): Promise<RunningService> {
  const config = loadConfig(
    {
      NATS_URL: urlFor('scheduler'),
      // On a slow machine slots are over before they are opened.
      SLOT_NEAR_CATCH_UP: 'all 3h',
      SLOT_RIDER: yearly,
    },
    schedulerVariables,
  );
  const { signal } = new AbortController();
  const service = await startScheduler({ name: 'scheduler', config, clock, log, signal });
  running.push(service);
  return service;
}

/** Every tick that is on the stream, in order. */
async function ticks(): Promise<Tick[]> {
  const { streams } = await jetstreamManager(admin);
  const { state } = await streams.info('TICKS');
  const sequences = Array.from({ length: state.last_seq }, (_, index) => index + 1);
  const stored = await Promise.all(sequences.map((seq) => streams.getMessage('TICKS', { seq })));
  return stored.flatMap((message) => (message ? [message.json<Tick>()] : []));
}

beforeAll(async () => {
  nats = await testNats({
    users: [
      { user: 'admin', password: 'p', publish: ['>'], subscribe: ['>'] },
      { user: 'scheduler', password: 'p', ...permissionsOf('scheduler') },
    ],
  });
  admin = await connect(urlFor('admin'), 'provision');
  await provision(admin);
  clock = createClock(clockFrom(begins, 3_600));
}, 60_000);

afterAll(async () => {
  await Promise.all(running.map((service) => service.drain().then(() => service.close())));
  await admin?.close();
  await nats?.stop();
});

describe('two schedulers', () => {
  it('open each slot exactly once, also when one of them dies and comes back', async () => {
    const first = await runScheduler();
    await runScheduler();
    await eventually(async () =>
      expect((await ticks()).filter(({ kind }) => kind === 'near').length).toBeGreaterThan(5),
    );
    await first.drain();
    await runScheduler();
    await eventually(async () =>
      expect((await ticks()).filter(({ kind }) => kind === 'far').length).toBeGreaterThan(1),
    );

    const found = await ticks();
    const ids = found.map(({ slotId }) => slotId);
    expect(new Set(ids).size).toBe(ids.length);
    const near = found.filter(({ kind }) => kind === 'near').map(({ scheduledFor }) => scheduledFor);
    expect(near.slice(1).map((at, index) => at - (near[index] ?? 0))).toEqual(
      near.slice(1).map(() => 15 * 60_000),
    );
  });

  it('begin with a rider sync that is due at once, and only ever once', async () => {
    const riders = (await ticks()).filter(({ kind }) => kind === 'rider');
    expect(riders.map(({ slotId }) => slotId)).toEqual(['slot:rider:initial']);
    expect(riders[0]?.scheduledFor).toBeGreaterThanOrEqual(begins);
    expect(riders[0]?.scheduledFor).toBeLessThan(clock.now());
  });
});
