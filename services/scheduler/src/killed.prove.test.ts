import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { catalog, type ChangeSchedule, type ScheduleInForce, type Tick } from '@paceline/shared/contracts';
import { request } from '@paceline/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeSchedule, nearEvery, openSchedulerHarness, type SchedulerHarness } from './testing/harness.ts';

const minute = 60_000;
const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const processes: ChildProcess[] = [];
let harness: SchedulerHarness;

beforeAll(async () => {
  harness = await openSchedulerHarness({ runs: true });
});
afterAll(async () => {
  await Promise.all(processes.map(kill));
  await harness?.close();
});

/** Starts a scheduler as a process of its own. */
function spawnScheduler(env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env.PATH,
      ...harness.env,
      HEALTH_PORT: '0',
      LOG_LEVEL: 'error',
      // Slots may have ended before a process has started.
      SLOT_NEAR_CATCH_UP: 'all 24h',
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

const nearTicks = async () => (await harness.ticks()).filter(({ kind }) => kind === 'near');
const now = (): Promise<ScheduleInForce> =>
  harness.until(async () => {
    const answer = await request(harness.api, catalog.currentSchedule, {}, {}, 10_000);
    if (answer.answer !== 'in_force') throw new Error('no schedule in force');
    return answer.schedule;
  });
const change = (requested: Partial<ChangeSchedule>) => changeSchedule(harness, requested);
const spacings = (ticks: readonly Tick[]) =>
  new Set(ticks.slice(1).map(({ scheduledFor }, index) => scheduledFor - (ticks[index]?.scheduledFor ?? 0)));

describe('a schedule change while schedulers run and are killed', { timeout: 10 * 60_000 }, () => {
  it('applies immediately, opens every slot exactly once before and after, and does nothing when refused', async () => {
    const first = spawnScheduler();
    spawnScheduler();
    const configured = await now();
    expect(configured).toMatchObject({ changed: false });
    await harness.until(async () => expect((await nearTicks()).length).toBeGreaterThan(1));

    const refused = await change({
      change: { kinds: { far: { opens: '* * * * *', durationMs: 30 * minute } } },
    });
    expect(refused).toMatchObject({ answer: 'refused' });
    expect(await now()).toMatchObject({ version: configured.version });

    const answer = await change({ version: configured.version, change: nearEvery(4), despiteErrors: true });
    if (answer.answer !== 'in_force') throw new Error('schedule not changed');
    const { since, version } = answer.schedule;
    // Between the change and its first tick.
    await kill(first);
    expect(await change({ version: configured.version })).toEqual({ answer: 'changed_meanwhile', version });

    await harness.until(async () => {
      const after = (await nearTicks()).filter(({ scheduledFor }) => scheduledFor > since);
      expect(after.length).toBeGreaterThan(3);
    });
    const ticks = await nearTicks();
    const [before, after] = [
      ticks.filter(({ scheduledFor }) => scheduledFor <= since),
      ticks.filter(({ scheduledFor }) => scheduledFor > since),
    ];
    expect(spacings(before)).toEqual(new Set([15 * minute]));
    expect(spacings(after)).toEqual(new Set([4 * minute]));
    expect((after[0]?.scheduledFor ?? 0) - since).toBeLessThanOrEqual(4 * minute);
    expect(new Set(ticks.map(({ slotId }) => slotId)).size).toBe(ticks.length);
  });

  it('survives all schedulers and is announced once, until changed back or reconfigured', async () => {
    await Promise.all(processes.map(kill));
    const third = spawnScheduler();
    const stored = await now();
    expect(stored).toMatchObject({ changed: true, settings: { kinds: { near: { opens: 'every 4m' } } } });
    const back = await change({ version: stored.version });
    expect(back).toMatchObject({ answer: 'in_force', schedule: { changed: false } });
    expect((await change({ change: nearEvery(6), despiteErrors: true })).answer).toBe('in_force');

    await kill(third);
    spawnScheduler({ SYNC_NEAR: 'observed' });
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
