import { freshnessGoalsOf } from '@paceline/shared/config';
import type { SyncKind } from '@paceline/shared/definition';
import { openScheduleBucket } from '@paceline/shared/messaging';
import type { RunningService, ServiceContext } from '@paceline/shared/runtime';
import { type FlowFile, openFlows, openSync } from '@paceline/shared/sync';
import type { EventSync, EventSyncConfig } from './config.ts';
import { answerFreshness, meterFreshness } from './flows/freshness.ts';
import { watchUrgent } from './flows/urgent-watch.ts';

/** Keeps events up to date: who is signed up for the near ones often, for the far ones as calls allow; how they ended. */
export async function startEventSync(context: ServiceContext<EventSyncConfig>): Promise<RunningService> {
  const sync = { ...(await openSync(context, 'event-sync')), goals: freshnessGoalsOf(context.config) };
  const load = (kind: SyncKind): Promise<FlowFile<EventSync>> => import(`./flows/${kind}.ts`);
  const flows = await openFlows(sync, 'event-sync', load);
  const watching = watchUrgent(sync, await openScheduleBucket(sync.bus));
  const endAnswers = answerFreshness(sync);
  meterFreshness(sync);
  return {
    checks: sync.checks,
    async drain() {
      endAnswers();
      await Promise.all([watching, ...flows.map((flow) => flow.stop())]);
    },
    close: sync.close,
  };
}
