import { catalog } from '@paceline/shared/contracts';
import type { SyncKind } from '@paceline/shared/definition';
import { handle } from '@paceline/shared/messaging';
import type { RunningService, ServiceContext } from '@paceline/shared/runtime';
import { type FlowModule, openFlows, openSync } from '@paceline/shared/sync';
import { openRiderCalls } from './adapters/rider-calls.ts';
import type { RiderSync, RiderSyncConfig } from './config.ts';
import { addRider } from './flows/add-rider.ts';
import { openBatcher } from './flows/batcher.ts';
import { failDeadLetteredCommand, trackCancellations } from './flows/command.ts';
import { importRiders } from './flows/import-riders.ts';

/** Keeps riders up to date: clubs in their slots, single riders and imports on request. */
export async function startRiderSync(context: ServiceContext<RiderSyncConfig>): Promise<RunningService> {
  const opened = await openSync(context, 'rider-sync');
  const clubIds = context.config.ZWIFTRACING_CLUB_IDS;
  const batcher = openBatcher(opened, clubIds);
  const sync = {
    ...opened,
    clubIds,
    batcher,
    riderCalls: openRiderCalls(opened),
    cancellations: trackCancellations(opened.bus),
  };
  const load = (kind: SyncKind): Promise<FlowModule<RiderSync>> => import(`./flows/${kind}.ts`);
  const flows = await openFlows(sync, 'rider-sync', load);
  const consumers = await Promise.all([
    handle(sync.bus, catalog.addRider, addRider(sync), failDeadLetteredCommand(sync)),
    handle(sync.bus, catalog.importRiders, importRiders(sync), failDeadLetteredCommand(sync)),
  ]);
  return {
    checks: sync.checks,
    presence: { service: 'rider-sync', bus: sync.bus },
    async drain() {
      await Promise.all([...flows, ...consumers].map((consumer) => consumer.stop()));
    },
    close: sync.close,
  };
}
