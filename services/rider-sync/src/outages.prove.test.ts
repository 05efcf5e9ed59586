import { type AddRider, catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { publish } from '@paceline/shared/messaging';
import { type DedicatedBackend, dedicatedBackend } from '@paceline/shared/testing/backend';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRiderSyncHarness, importOf, type RiderSyncHarness } from './testing/harness.ts';

const { clubMemberships, commands, syncRuns } = tables;
const hour = 3_600_000;
/** A club of the sandbox with 120 riders. */
const racing = 20650;

let harness: RiderSyncHarness<DedicatedBackend>;
let service: Awaited<ReturnType<RiderSyncHarness['start']>>;

beforeAll(async () => {
  harness = await openRiderSyncHarness({ scale: 2_400 }, await dedicatedBackend());
});
beforeEach(async () => {
  service = await harness.start({
    ZWIFTRACING_API_KEY: harness.newKey(),
    ZWIFTRACING_CLUB_IDS: String(racing),
  });
});
afterEach(async () => {
  await service.stop();
  harness.sandbox.controls.clearFaults();
});
afterAll(() => harness?.close());

const arrivals = () => harness.sandbox.audit();
const endOf = (commandId: string) =>
  harness.until(async () => {
    const [row] = await harness.db.select().from(commands).where(eq(commands.commandId, commandId));
    if (!row?.finishedAt) throw new Error('the command has not ended');
    return row.progress;
  });

describe('a rider sync whose Postgres is killed and restarted', () => {
  it('completes a command that arrived during the outage', async () => {
    await harness.backend.postgres.kill();
    const requestedAt = Math.round(harness.clock.now());
    const command: AddRider = { commandId: crypto.randomUUID(), riderId: 4_000_000, requestedAt };
    await publish(harness.bus, catalog.addRider, command);
    await harness.backend.postgres.restart();
    expect(await endOf(command.commandId)).toEqual({ state: 'done' });
  });

  it('stores a club page that arrived during the outage, without a second call', async () => {
    const before = arrivals().length;
    const { slotId } = await harness.tick('rider', 8 * hour);
    await harness.until(() => expect(arrivals()).toHaveLength(before + 1));
    await harness.backend.postgres.kill();
    await harness.until(() => expect(arrivals().at(-1)?.status).toBe(200));
    await harness.backend.postgres.restart();
    await harness.until(async () => {
      const [run] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
      expect(run).toMatchObject({ state: 'done' });
    });
    expect(arrivals()).toHaveLength(before + 1);
    expect(await harness.db.$count(clubMemberships, eq(clubMemberships.clubId, racing))).toBe(120);
  });

  it('runs a slot that was over before Postgres was back, if it may run late, and skips another one', async () => {
    const [before] = [harness.runChanges.length];
    const clubCalls = () => arrivals().filter(({ budget }) => budget === 'clubs');
    const calls = clubCalls().length;
    const now = Math.round(harness.clock.now());
    const slot = { kind: 'rider', scheduledFor: now, endsAt: now + 0.2 * hour, mode: 'on' } as const;
    await harness.backend.postgres.kill();
    await harness.publish({ ...slot, slotId: 'slot:rider:skip' });
    await harness.publish({
      ...slot,
      slotId: 'slot:rider:latest',
      late: { until: now + 30 * hour, maxMs: 30 * hour },
    });
    await harness.until(() => expect(harness.clock.now()).toBeGreaterThan(now + 1 * hour));
    await harness.backend.postgres.restart();
    await harness.until(async () => {
      const runs = await harness.db.select().from(syncRuns).where(eq(syncRuns.scheduledFor, now));
      expect(runs).toMatchObject([
        { slotId: 'slot:rider:latest', state: 'done', counts: { synced: 1, deferred: 0 } },
      ]);
    });
    expect(clubCalls()).toHaveLength(calls + 1);
    expect(harness.runChanges.slice(before).map(({ slotId }) => slotId)).not.toContain('slot:rider:skip');
  });

  it('stores a club page that arrived while Postgres was read-only, without a second call', async () => {
    const clubCalls = () => arrivals().filter(({ budget }) => budget === 'clubs');
    const before = clubCalls().length;
    const { slotId } = await harness.tick('rider', 8 * hour);
    await harness.until(() => expect(clubCalls()).toHaveLength(before + 1));
    await harness.backend.postgres.setReadOnly(true);
    await harness.until(() => expect(clubCalls().at(-1)?.status).toBe(200));
    await harness.backend.postgres.setReadOnly(false);
    await harness.until(async () => {
      const [run] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
      expect(run).toMatchObject({ state: 'done', counts: { synced: 1, failed: 0 } });
    });
    expect(clubCalls()).toHaveLength(before + 1);
  });

  it('stores a bulk response that arrived during the outage, without a second call', async () => {
    harness.sandbox.controls.injectFault({ kind: 'delay', budget: 'riders_bulk', ms: 0.4 * hour });
    const before = arrivals().length;
    const riderIds = Array.from({ length: 6 }, (_, index) => 4_200_001 + index);
    const command = await importOf(harness, riderIds);
    await harness.until(() => expect(arrivals()).toHaveLength(before + 1));
    await harness.backend.postgres.kill();
    await harness.until(() =>
      expect(arrivals().at(-1)).toMatchObject({ budget: 'riders_bulk', status: 200 }),
    );
    await harness.backend.postgres.restart();
    expect(await endOf(command.commandId)).toEqual({ state: 'done' });
    const wanted = await harness.db
      .select({ outcome: tables.wantedRiders.outcome })
      .from(tables.wantedRiders)
      .where(eq(tables.wantedRiders.commandId, command.commandId));
    expect(wanted).toEqual(riderIds.map(() => ({ outcome: 'done' })));
    expect(arrivals()).toHaveLength(before + 1);
  });

  it('is ready before and after the outage, but not during it', async () => {
    await expect(service.checks.database?.()).resolves.toBeUndefined();
    await expect(service.checks.broker?.()).resolves.toBeUndefined();
    await harness.backend.postgres.kill();
    // A backend process can outlive its killed Postgres briefly.
    await harness.until(() => expect(service.checks.database?.()).rejects.toThrow());
    await harness.backend.postgres.restart();
    await expect(service.checks.database?.()).resolves.toBeUndefined();
  });
});
