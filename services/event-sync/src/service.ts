import { callPlanRulesOf } from '@paceline/shared/config';
import type { SyncKind } from '@paceline/shared/definition';
import { openScheduleBucket } from '@paceline/shared/messaging';
import type { RunningService, ServiceContext } from '@paceline/shared/runtime';
import { type FlowModule, openFlows, openSync } from '@paceline/shared/sync';
import type { EventSync, EventSyncConfig } from './config.ts';
import { answerFreshness, publishFreshnessMetrics } from './flows/freshness.ts';
import { watchUrgent } from './flows/urgent-watch.ts';

/** Keeps the list of events, their signups and their results up to date. */
export async function startEventSync(context: ServiceContext<EventSyncConfig>): Promise<RunningService> {
  const opened = await openSync(context, 'event-sync');
  const schedule = await openScheduleBucket(opened.bus);
  const sync = { ...opened, rules: callPlanRulesOf(context.config), schedule };
  const load = (kind: SyncKind): Promise<FlowModule<EventSync>> => import(`./flows/${kind}.ts`);
  const flows = await openFlows(sync, 'event-sync', load);
  const watching = watchUrgent(sync);
  const freshness = answerFreshness(sync);
  publishFreshnessMetrics(sync);
  return {
    checks: sync.checks,
    presence: { service: 'event-sync', bus: sync.bus },
    async drain() {
      await Promise.all([freshness.stop(), watching, ...flows.map((flow) => flow.stop())]);
    },
    close: sync.close,
  };
}
