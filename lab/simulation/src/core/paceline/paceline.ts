import type { SyncKind } from '@paceline/shared/definition';
import { settingsOf } from '@paceline/planning/slots';
import type { Strategy } from '../life.ts';
import { configOf } from '../scenario.ts';
import { runScript } from '@paceline/kit/script';
import { createCaller } from './call.ts';
import { syncEvents, watchUrgent } from './event-sync.ts';
import { startLimiter } from './limiter.ts';
import { createPermits } from './permit.ts';
import { openBatcher } from './batcher.ts';
import { addRider } from './single-or-bulk.ts';
import { syncRiders } from './rider-sync.ts';
import { createRuns, startScheduler } from './runs.ts';

/** The real cores: the limiter's ledger, the scheduler's slots, the choices of both syncs. */
export const paceline: Strategy = (life) => {
  const { scenario, agenda, network } = life;
  const call = createCaller(life, createPermits(life, startLimiter(life)));
  const bulk = openBatcher(life, call);
  const events = syncEvents(life, call);
  const runs: Partial<Record<SyncKind, ReturnType<typeof createRuns>>> = {
    rider: createRuns(life, syncRiders(life, call, bulk.batcher)),
    near: createRuns(life, events),
    far: createRuns(life, events),
  };
  startScheduler(life, settingsOf(configOf(scenario)), (tick) => runs[tick.kind]?.(tick));
  runScript(watchUrgent(life, call));
  const add = addRider(life, call, bulk);
  return { click: (click) => agenda.in(network.broker(), () => runScript(add(click))) };
};
