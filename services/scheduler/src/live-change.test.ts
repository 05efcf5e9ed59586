import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { formatClock } from '@paceline/shared/clock';
import {
  catalog,
  type ChangeSchedule,
  permissionsOf,
  type ScheduleAnswer,
  type ScheduleInForce,
  type Tick,
} from '@paceline/shared/contracts';
import { type Bus, connect, createBus, provision, request } from '@paceline/shared/messaging';
import { clockFrom } from '@paceline/shared/sync/testing';
import { createLogger } from '@paceline/shared/telemetry';
import { eventually, type TestNats, testNats } from '@paceline/shared/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const minute = 60_000;
/** Eight hours in a minute: a near slot every two seconds. */
const setting = clockFrom(Date.parse('2026-05-04T12:00Z'), 480);
const patient = { timeoutMs: 30_000 };
const home = fileURLToPath(new URL('..', import.meta.url));

let nats: TestNats;
let admin: Bus;
let api: Bus;
const processes: ChildProcess[] = [];

const urlFor = (user: string) => nats.url.replace('//', `//${user}:p@`);

/** A scheduler as it is run: a process of its own. */
function spawnScheduler(env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: home,
    env: {
      PATH: process.env.PATH,
      NATS_URL: urlFor('scheduler'),
      PACELINE_CLOCK: formatClock(setting),
      LOG_LEVEL: 'error',
      // On a slow machine slots are over before they are opened.
      SLOT_NEAR_CATCH_UP: 'all 3h',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  processes.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function stored<T>(stream: string): Promise<T[]> {
  const { streams } = await jetstreamManager(admin.connection);
  const { state } = await streams.info(stream);
  const sequences = Array.from({ length: state.last_seq }, (_, index) => index + 1);
  const found = await Promise.all(sequences.map((seq) => streams.getMessage(stream, { seq })));
  return found.flatMap((message) => (message ? [message.json<T>()] : []));
}
const nearTicks = async () => (await stored<Tick>('TICKS')).filter(({ kind }) => kind === 'near');

const now = (): Promise<ScheduleInForce> =>
  eventually(async () => {
    const answer = await request(api, catalog.scheduleNow, {}, {}, 2_000);
    if (answer.answer !== 'in_force') throw new Error('nothing is in force');
    return answer.schedule;
  }, patient);
const change = (asked: Partial<ChangeSchedule>): Promise<ScheduleAnswer> =>
  request(
    api,
    catalog.changeSchedule,
    {},
    { version: null, change: null, despiteErrors: false, ...asked },
    30_000,
  );
/** Near slots at even distances, in place of the configured ones. */
const nearEvery = (minutes: number) => ({
  kinds: { near: { opens: `every ${minutes}m`, durationMs: 2 * minute } },
});
const distances = (ticks: readonly Tick[]) =>
  new Set(ticks.slice(1).map(({ scheduledFor }, index) => scheduledFor - (ticks[index]?.scheduledFor ?? 0)));

beforeAll(async () => {
  nats = await testNats({
    users: [
      { user: 'admin', password: 'p', publish: ['>'], subscribe: ['>'] },
      { user: 'api', password: 'p', ...permissionsOf('api') },
      { user: 'scheduler', password: 'p', ...permissionsOf('scheduler') },
    ],
  });
  const log = createLogger('live-change-test', 'error');
  admin = createBus(await connect(urlFor('admin'), 'provision'), log);
  api = createBus(await connect(urlFor('api'), 'api'), log);
  await provision(admin.connection);
}, 60_000);

afterAll(async () => {
  await Promise.all(processes.map(kill));
  await Promise.all([admin?.connection.close(), api?.connection.close()]);
  await nats?.stop();
});

describe('the schedule, changed while two schedulers run and are killed', () => {
  it('is followed by both at once, every slot exactly once before and after; a refused change leaves it', async () => {
    const first = spawnScheduler();
    spawnScheduler();
    const configured = await now();
    expect(configured).toMatchObject({ changed: false });
    await eventually(async () => expect((await nearTicks()).length).toBeGreaterThan(1), patient);

    const refused = await change({
      change: { kinds: { far: { opens: '* * * * *', durationMs: 30 * minute } } },
    });
    expect(refused).toMatchObject({ answer: 'refused' });
    expect(await now()).toMatchObject({ version: configured.version });

    const answer = await change({ version: configured.version, change: nearEvery(4), despiteErrors: true });
    if (answer.answer !== 'in_force') throw new Error('it was not changed');
    const { since, version } = answer.schedule;
    // Between the change and its first tick.
    await kill(first);
    expect(await change({ version: configured.version })).toEqual({ answer: 'changed_meanwhile', version });

    await eventually(async () => {
      const after = (await nearTicks()).filter(({ scheduledFor }) => scheduledFor > since);
      expect(after.length).toBeGreaterThan(3);
    }, patient);
    const ticks = await nearTicks();
    const [before, after] = [
      ticks.filter(({ scheduledFor }) => scheduledFor <= since),
      ticks.filter(({ scheduledFor }) => scheduledFor > since),
    ];
    expect(distances(before)).toEqual(new Set([15 * minute]));
    expect(distances(after)).toEqual(new Set([4 * minute]));
    expect((after[0]?.scheduledFor ?? 0) - since).toBeLessThanOrEqual(4 * minute);
    expect(new Set(ticks.map(({ slotId }) => slotId)).size).toBe(ticks.length);
  });

  it('outlives all of them, and is told of once; other variables, or to put it back, end it', async () => {
    await Promise.all(processes.map(kill));
    const third = spawnScheduler();
    const kept = await now();
    expect(kept).toMatchObject({ changed: true, settings: { kinds: { near: { opens: 'every 4m' } } } });
    const back = await change({ version: kept.version });
    expect(back).toMatchObject({ answer: 'in_force', schedule: { changed: false } });
    expect((await change({ change: nearEvery(6), despiteErrors: true })).answer).toBe('in_force');

    await kill(third);
    spawnScheduler({ SYNC_NEAR: 'observed' });
    await eventually(async () => {
      expect(await now()).toMatchObject({
        changed: false,
        settings: { kinds: { near: { mode: 'observed', opens: '10,25,40,55 * * * *' } } },
      });
    }, patient);
    const { version } = await now();
    await eventually(async () => {
      const told = await stored<{ version: number }>('EVENTS');
      expect(told.map((each) => each.version).at(-1)).toBe(version);
      expect(new Set(told.map((each) => each.version)).size).toBe(told.length);
    }, patient);
    await eventually(async () => expect((await nearTicks()).at(-1)?.mode).toBe('observed'), patient);
  });
});
