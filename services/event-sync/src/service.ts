import { catalog, type Tick } from '@paceline/shared/contracts';
import { done, handle, openScheduleBucket } from '@paceline/shared/messaging';
import type { RunningService, ServiceContext } from '@paceline/shared/runtime';
import { giveUpRun, openSync, runSlot } from '@paceline/shared/sync';
import { allowUrgent } from './allow-urgent.ts';
import { type EventSyncConfig, goalsOf } from './config.ts';
import { answerFreshness, meterFreshness, publishFreshness } from './freshness.ts';
import { planEvents, syncEvents } from './sync-events.ts';
import { planResults, syncResults } from './sync-results.ts';
import { watchUrgent } from './watch-urgent.ts';

/** Keeps events up to date: who is signed up for the near ones often, for the far ones as calls allow; how they ended. */
export async function startEventSync(context: ServiceContext<EventSyncConfig>): Promise<RunningService> {
  const sync = { ...(await openSync(context, 'event-sync')), goals: goalsOf(context.config) };
  const events = syncEvents(sync);
  const plan = planEvents(sync);
  const syncNear = async (tick: Tick) => {
    const settlement = await runSlot(sync, tick, events, plan);
    if (settlement === done) await publishFreshness(sync, tick.slotId);
    return settlement;
  };
  const handlings = await Promise.all([
    handle(sync.bus, catalog.tickNear, syncNear, giveUpRun(sync)),
    handle(sync.bus, catalog.tickFar, (tick) => runSlot(sync, tick, events, plan), giveUpRun(sync)),
    handle(
      sync.bus,
      catalog.tickResults,
      (tick) => runSlot(sync, tick, syncResults(sync), planResults(sync)),
      giveUpRun(sync),
    ),
  ]);
  const watching = watchUrgent(sync, allowUrgent(sync, await openScheduleBucket(sync.bus)));
  const endAnswers = answerFreshness(sync);
  meterFreshness(sync);
  return {
    checks: sync.checks,
    async drain() {
      endAnswers();
      await Promise.all([watching, ...handlings.map((handling) => handling.stop())]);
    },
    close: sync.close,
  };
}
