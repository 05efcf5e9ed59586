// oxlint-disable-next-line no-restricted-imports -- the real limiter, so that nothing about permits is imagined
import { limiterVariables } from '@paceline/limiter/config';
// oxlint-disable-next-line no-restricted-imports -- see above
import { startLimiter } from '@paceline/limiter/service';
import { type Sandbox, startSandbox } from '@paceline/sandbox';
import { catalog, importMaxAgeMs, type ImportRiders } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { publish } from '@paceline/shared/messaging';
import type { Place } from '@paceline/shared/testing/place';
import { openStage, type Stage, type StagedService, type StageSetting } from '@paceline/shared/sync/testing';
import { riderSyncVariables } from '../config.ts';
import { startRiderSync } from '../service.ts';

/** The rider sync in the world that it works in: broker, Postgres, limiter and upstream, all of them real. */
export interface World<P extends Place = Place> extends Stage<P> {
  readonly sandbox: Sandbox;
  start(env?: Record<string, string>): Promise<StagedService>;
}

export async function createWorld<P extends Place = Place>(
  setting: StageSetting,
  place?: P,
): Promise<World<P>> {
  const stage = await openStage(setting, place);
  const { clock, keys } = stage;
  const sandbox = await startSandbox({ clock, keys });
  await stage.run('limiter', limiterVariables, startLimiter);
  return {
    ...stage,
    sandbox,
    start: (env) =>
      stage.run('rider-sync', riderSyncVariables, startRiderSync, {
        ZWIFTRACING_BASE_URL: sandbox.url,
        ...env,
      }),
    async close() {
      await stage.close();
      await sandbox.close();
    },
  };
}

/** Asks for an import as the API does: its ids are kept with the command, and the message names the command. */
export async function importOf(
  { clock, db, bus }: Stage,
  riderIds: readonly number[],
): Promise<ImportRiders> {
  const requestedAt = Math.round(clock.now());
  const commandId = crypto.randomUUID();
  const wanted = {
    commandId,
    why: 'import' as const,
    freshFrom: requestedAt - importMaxAgeMs,
    since: requestedAt,
  };
  await db.insert(tables.wantedRiders).values(riderIds.map((riderId) => ({ ...wanted, riderId })));
  await publish(bus, catalog.importRiders, { commandId, requestedAt });
  return { commandId, requestedAt };
}
