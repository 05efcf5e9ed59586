import { tables } from '@paceline/shared/database';
import { dedicatedBackend } from '@paceline/shared/testing/backend';
import { eq } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { createWorld } from './testing/world.ts';

const { syncRuns } = tables;
const hour = 3_600_000;

it('continues a run after Postgres was killed and restarted, and makes no call twice', async () => {
  const world = await createWorld({ scale: 600 }, await dedicatedBackend());
  try {
    await world.start({ ZWIFTRACING_API_KEY: world.newKey() });
    const ids = await world.upstreamEvents(6);
    await world.list(ids, 20 * hour);
    const from = world.lastSeq();
    const { slotId } = await world.tick('far', 8 * hour);
    await world.until(() => expect(world.requested(from).length).toBeGreaterThan(1));
    await world.backend.postgres.kill();
    await world.until(() => expect(world.sandbox.audit().at(-1)?.status).toBe(200));
    await world.backend.postgres.restart();
    await world.until(async () => {
      const [run] = await world.db.select().from(syncRuns).where(eq(syncRuns.slotId, slotId));
      expect(run).toMatchObject({ state: 'done', counts: { synced: 6, failed: 0 } });
    });
    expect(world.requested(from).toSorted()).toEqual(ids.toSorted());
  } finally {
    await world.close();
  }
});
