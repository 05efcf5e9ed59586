import { watchedKind } from '@paceline/event-sync/core/urgent-watch';
import type { SyncKind } from '@paceline/shared/definition';
import { settingsOf } from '@paceline/planning/slots';
import type { Strategy } from '../simulation.ts';
import { configOf } from '../scenario.ts';
import { runScript } from '@paceline/kit/script';
import { createCaller } from './call.ts';
import { openPlanner, syncEvents, watchUrgent } from './event-sync.ts';
import { importRiders } from './import-riders.ts';
import { startLimiter } from './limiter.ts';
import { createPermits } from './permit.ts';
import { createBulkCalls } from './batcher.ts';
import { addRider } from './single-or-bulk.ts';
import { syncResults } from './results.ts';
import { syncRiders } from './rider-sync.ts';
import { createRuns, startScheduler } from './runs.ts';

/** The production cores: the limiter's ledger, the scheduler's slots, the decisions of both syncs. */
export const paceline: Strategy = (simulation) => {
  const { scenario, agenda, network } = simulation;
  const call = createCaller(simulation, createPermits(simulation, startLimiter(simulation)));
  const bulk = createBulkCalls(simulation, call);
  const plan = openPlanner(simulation);
  const events = syncEvents(simulation, call, plan);
  // A kind that the simulator doesn't know yet is not simulated.
  const runs: Partial<Record<SyncKind, ReturnType<typeof createRuns>>> = {
    rider: createRuns(simulation, syncRiders(simulation, call, bulk.batcher)),
    near: createRuns(simulation, events),
    far: createRuns(simulation, events),
    results: createRuns(simulation, syncResults(simulation, call)),
  };
  const settings = settingsOf(configOf(scenario));
  startScheduler(simulation, settings, (tick) => runs[tick.kind]?.(tick));
  if (settings.kinds[watchedKind].mode === 'on') runScript(watchUrgent(simulation, call, plan));
  const add = addRider(simulation, call, bulk);
  const importAll = importRiders(simulation, call, bulk);
  return {
    click: (click) => agenda.in(network.broker(), () => runScript(add(click))),
    importRiders: (request) => agenda.in(network.broker(), () => runScript(importAll(request))),
  };
};
