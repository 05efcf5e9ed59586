import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Tick } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { and, eq, isNull } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEventSyncHarness, type EventSyncHarness } from './testing/harness.ts';

const { events, syncLogs, syncRuns } = tables;
const minute = 60_000;
const hour = 60 * minute;
const children: ChildProcess[] = [];
let harness: EventSyncHarness;
let key: string;

beforeAll(async () => {
  // Processes have their own clocks, so a window of a minute takes a tenth of a second.
  harness = await openEventSyncHarness({ scale: 600, runs: true });
  key = harness.newKey();
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await harness?.close();
});

/** Starts an event sync as a process of its own. */
function startProcess(): ChildProcess {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const env = {
    ...process.env,
    ...harness.env('event-sync'),
    ZWIFTRACING_BASE_URL: harness.sandbox.url,
    ZWIFTRACING_API_KEY: key,
    LOG_LEVEL: 'error',
  };
  const child = spawn(process.execPath, [main], { env, stdio: 'inherit' });
  children.push(child);
  return child;
}

const runs = () => harness.db.select().from(syncRuns);
const runOf = async ({ slotId }: Tick) => (await runs()).find((run) => run.slotId === slotId);
const hasSynced = (tick: Tick, atLeast: number) =>
  harness.until(async () => {
    expect((await runOf(tick))?.counts.synced).toBeGreaterThanOrEqual(atLeast);
  });
const without = async (column: typeof events.signupsFetchedAt | typeof events.resultsState) =>
  (await harness.db.select().from(events).where(isNull(column))).map(({ eventId }) => eventId);

describe('two event syncs, one of them killed', () => {
  it('make one run per tick, repeat at most the call in flight, and lose nothing', async () => {
    const ids = await harness.upstreamEvents(44);
    const [near, far, past] = [ids.slice(0, 4), ids.slice(4, 28), ids.slice(28)];
    await harness.list(far, 20 * hour);
    await harness.list(past, -20 * hour);
    const first = startProcess();
    const ticks = [await harness.tick('far', 100 * hour), await harness.tick('results', 100 * hour)];
    for (const tick of ticks) await hasSynced(tick, 1);
    startProcess();
    const nearFrom = harness.clock.now() + 50 * minute;
    await harness.list(near, 50 * minute);
    const nearTick = await harness.tick('near', 100 * hour);
    ticks.push(nearTick);
    await hasSynced(nearTick, 0);

    first.kill('SIGKILL');
    await once(first, 'exit');
    for (const tick of ticks) {
      await harness.publish(tick);
      await harness.until(async () => expect(await runOf(tick)).toMatchObject({ state: 'done' }));
    }

    expect(await runs()).toHaveLength(3);
    for (const { runId, kind, counts } of await runs()) {
      expect(counts).toMatchObject({ failed: 0, deferred: 0 });
      // A run of many hours fetches missing and unrated results again, and signups as their events come nearer.
      if (kind === 'results') continue;
      const isFirst = and(eq(syncLogs.runId, runId), eq(syncLogs.because, 'never_fetched'));
      const calls = await harness.db.select().from(syncLogs).where(isFirst);
      // At most the response that the killed process could not store.
      expect(calls.length - new Set(calls.map(({ target }) => target)).size).toBeLessThanOrEqual(1);
    }
    // Events that have started are no longer fetched, and on this clock near events can start before the takeover.
    const started = near.filter((_, index) => nearFrom + index * minute < harness.clock.now());
    const withoutSignups = (await without(events.signupsFetchedAt)).filter((id) => !started.includes(id));
    expect(new Set(withoutSignups)).toEqual(new Set(past));
    const withoutResults = await without(events.resultsState);
    expect(withoutResults.filter((id) => past.includes(id))).toEqual([]);
    expect(harness.sandbox.audit().filter(({ verdict }) => verdict !== 'accepted')).toEqual([]);
  });
});
