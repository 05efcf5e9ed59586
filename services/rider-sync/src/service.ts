import { catalog } from '@paceline/shared/contracts';
import type { SyncKind } from '@paceline/shared/definition';
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
  const opened = await openSync(context, 'rider-sync');
  const clubIds = context.config.ZWIFTRACING_CLUB_IDS;
  const batcher = openBatcher(opened, clubIds);
  const sync = { ...opened, clubIds, batcher, cancellations: hearCancellations(opened.bus) };
  const load = (kind: SyncKind): Promise<FlowFile<RiderSync>> => import(`./flows/${kind}.ts`);
  const flows = await openFlows(sync, 'rider-sync', load);
  const handlings = await Promise.all([
    handle(sync.bus, catalog.addRider, addRider(sync), giveUp(sync)),
    handle(sync.bus, catalog.importRiders, importRiders(sync), giveUp(sync)),
  ]);
  return {
    checks: sync.checks,
    async drain() {
      await Promise.all([...flows, ...handlings].map((handling) => handling.stop()));
    },
    close: sync.close,
  };
}
