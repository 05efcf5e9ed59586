// oxlint-disable-next-line no-restricted-imports -- tests run against the real limiter
import { limiterVariables } from '@paceline/limiter/config';
// oxlint-disable-next-line no-restricted-imports -- see above
import { startLimiter } from '@paceline/limiter/service';
import { type Sandbox, startSandbox } from '@paceline/sandbox';
import { catalog, importMaxAgeMs, type ImportRiders } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { publish } from '@paceline/shared/messaging';
import type { TestBackend } from '@paceline/shared/testing/backend';
import {
  openSyncHarness,
  type SyncHarness,
  type HarnessService,
  type HarnessOptions,
} from '@paceline/shared/sync/testing';
import { riderSyncVariables } from '../config.ts';
import { startRiderSync } from '../service.ts';

/** The rider sync with a real broker, Postgres and limiter, and the sandbox as upstream. */
export interface RiderSyncHarness<P extends TestBackend = TestBackend> extends SyncHarness<P> {
  readonly sandbox: Sandbox;
  start(env?: Record<string, string>): Promise<HarnessService>;
}

export async function openRiderSyncHarness<P extends TestBackend = TestBackend>(
  options: HarnessOptions,
  backend?: P,
): Promise<RiderSyncHarness<P>> {
  const base = await openSyncHarness(options, backend);
  const { clock, keys } = base;
  const sandbox = await startSandbox({ clock, keys });
  await base.run('limiter', limiterVariables, startLimiter);
  return {
    ...base,
    sandbox,
    start: (env) =>
      base.run('rider-sync', riderSyncVariables, startRiderSync, {
        ZWIFTRACING_BASE_URL: sandbox.url,
        ...env,
      }),
    async close() {
      await base.close();
      await sandbox.close();
    },
  };
}

/** Requests an import like the API: stores the rider ids and publishes the command. */
export async function importOf(
  { clock, db, bus }: SyncHarness,
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
