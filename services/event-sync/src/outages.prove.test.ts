import { tables } from '@paceline/shared/database';
import { dedicatedBackend } from '@paceline/shared/testing/backend';
import { eq } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { openEventSyncHarness } from './testing/harness.ts';

const { syncRuns } = tables;
const hour = 3_600_000;

it('continues a run after Postgres was killed and restarted, and makes no call twice', async () => {
  const harness = await openEventSyncHarness({ scale: 600 }, await dedicatedBackend());
  try {
    await harness.start({ ZWIFTRACING_API_KEY: harness.newKey() });
    const ids = await harness.upstreamEvents(6);
    await harness.list(ids, 20 * hour);
    const from = harness.lastSeq();
    const { slotId } = await harness.tick('far', 8 * hour);
    await harness.until(() => expect(harness.requested(from).length).toBeGreaterThan(1));
    await harness.backend.postgres.kill();
    await harness.until(() => expect(harness.sandbox.audit().at(-1)?.status).toBe(200));
    await harness.backend.postgres.restart();
    await harness.until(async () => {
      const [run] = await harness.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
      expect(run).toMatchObject({ state: 'done', counts: { synced: 6, failed: 0 } });
    });
    expect(harness.requested(from).toSorted()).toEqual(ids.toSorted());
  } finally {
    await harness.close();
  }
});
