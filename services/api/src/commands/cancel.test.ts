import { tables } from '@paceline/shared/database';
import { catalog } from '@paceline/shared/contracts';
import { subscribe } from '@paceline/shared/messaging';
import { and, eq, isNull } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { commandRow, someTime } from '../testing/rows.ts';

let test: TestApi;
const cancelledIds: string[] = [];
const waiting = { state: 'waiting_for_window', until: someTime } as const;

beforeAll(async () => {
  test = await startTestApi();
  const riderSync = await test.busOf('rider-sync');
  subscribe(riderSync, catalog.commandCancelled, {}, ({ commandId }) => void cancelledIds.push(commandId));
  await riderSync.connection.flush();
});
afterAll(() => test?.stop());

async function store(overrides: Partial<Parameters<typeof commandRow>[1]>): Promise<string> {
  const commandId = crypto.randomUUID();
  await test.db.insert(tables.commands).values(commandRow(commandId, overrides));
  return commandId;
}
const cancel = (commandId: string) => test.post(`/v1/commands/${commandId}/cancel`, {});

describe('POST /v1/commands/{id}/cancel', () => {
  it('ends a waiting command, tells rider-sync, and returns the same when repeated', async () => {
    const commandId = await store({ progress: waiting });
    const { status, body } = await cancel(commandId);
    expect(status).toBe(200);
    expect(body).toMatchObject({ commandId, state: 'cancelled', reason: 'Cancelled by an operator' });
    expect(body.finishedAt).not.toBeNull();
    await test.until(() => expect(cancelledIds).toEqual([commandId]));
    expect(await cancel(commandId)).toMatchObject({ status: 200, body });
  });

  it('ends the riders of an import that no call is running for', async () => {
    const commandId = await store({ type: 'import-riders', riderId: null, progress: waiting });
    const riders = [1, 2].map((riderId) => ({ commandId, riderId, why: 'import' as const }));
    await test.db
      .insert(tables.wantedRiders)
      .values(riders.map((each) => ({ ...each, freshFrom: someTime, since: someTime })));
    expect((await cancel(commandId)).body).toMatchObject({ riders: { waiting: 0, failed: 2 } });
    const { wantedRiders: wanted } = tables;
    expect(await test.db.$count(wanted, and(eq(wanted.commandId, commandId), isNull(wanted.outcome)))).toBe(
      0,
    );
  });

  it.each([{ state: 'running' }, { state: 'done' }, { state: 'failed', reason: 'no such rider' }] as const)(
    'returns 409 for a command in the state %j',
    async (progress) => {
      const finishedAt = progress.state === 'running' ? null : someTime;
      const commandId = await store({ progress, finishedAt });
      const { status, body } = await cancel(commandId);
      expect(status).toBe(409);
      expect(body.type).toBe('/docs/problems#invalid-state');
    },
  );

  it('returns 404 for an unknown command', async () => {
    expect((await cancel(crypto.randomUUID())).status).toBe(404);
  });
});
