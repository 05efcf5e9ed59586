import { catalog } from '@paceline/shared/contracts';
import { handle } from '@paceline/shared/messaging';
import type { RunningService, ServiceContext } from '@paceline/shared/runtime';
import { type FlowFile, openFlows, openSync } from '@paceline/shared/sync';
import type { RiderSync, RiderSyncConfig } from './config.ts';
import { addRider } from './flows/add-rider.ts';
import { openBatcher } from './flows/batcher.ts';
import { giveUp, hearCancellations } from './flows/command.ts';
import { importRiders } from './flows/import-riders.ts';

/** Keeps riders up to date: whole clubs in their slots, single riders when a person adds them. */
export async function startRiderSync(context: ServiceContext<RiderSyncConfig>): Promise<RunningService> {
  const sync = await openSync(context, 'rider-sync');
  const clubIds = context.config.ZWIFTRACING_CLUB_IDS;
  const batcher = openBatcher(sync, clubIds);
  const cancellations = hearCancellations(sync.bus);
  const flows = await openFlows(
    { ...sync, batcher, clubIds },
    'rider-sync',
    (kind): Promise<FlowFile<RiderSync>> => import(`./flows/${kind}.ts`),
  );
  const handlings = await Promise.all([
    handle(sync.bus, catalog.addRider, addRider(sync, batcher, cancellations), giveUp(sync)),
    handle(sync.bus, catalog.importRiders, importRiders(sync, batcher, cancellations), giveUp(sync)),
  ]);
  return {
    checks: sync.checks,
    async drain() {
      await Promise.all([...flows, ...handlings].map((handling) => handling.stop()));
    },
    close: sync.close,
  };
}
