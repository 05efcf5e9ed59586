import { openPool } from '@paceline/shared/database/pool';
import { describe, expect, it } from 'vitest';
import { installedRedis } from '../../servers.ts';
import { handBuilt } from './all.ts';
import { onHandBuilt } from './system.ts';

const hasRedis = await installedRedis().then(
  () => true,
  () => false,
);

const rows = `select
  (select count(*)::integer from riders) as riders, (select count(*)::integer from rider_history) as history,
  (select count(*)::integer from calls) as calls,
  (select count(*)::integer from commands where state = 'done' and finished_at is not null) as done`;

describe.each(handBuilt)('a system built by hand from $name', (queue) => {
  it.skipIf(queue.broker === 'redis' && !hasRedis)('does for a command what is compared', () =>
    onHandBuilt(queue, async ({ urls: [url], database, ended }) => {
      const add = async (body: unknown, headers: Record<string, string> = {}) => {
        const answer = await fetch(`${url}/v1/riders`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify(body),
        });
        return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
      };
      expect((await add({ riderId: 'one' })).status).toBe(400);

      const waited = await add({ riderId: 4_500_001 }, { prefer: 'wait=30' });
      expect(waited.status).toBe(200);
      expect(waited.body).toMatchObject({ command: { state: 'done' }, rider: { rider_id: 4_500_001 } });

      expect((await add({ riderId: 4_500_001 })).status).toBe(202);
      await ended();
      const { pool, close } = openPool(database.url, () => undefined);
      const { rows: stored } = await pool.query(rows);
      await close();
      expect(stored).toEqual([{ riders: 1, history: 1, calls: 2, done: 2 }]);
    }),
  );
});
