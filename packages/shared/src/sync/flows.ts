import { tickOf } from '../contracts/index.ts';
import { kindNames, kinds, type SyncKind, type SyncService } from '../definition/index.ts';
import { done, handle, type WorkConsumer } from '../messaging/index.ts';
import type { Sync } from './open.ts';
import { failDeadLetteredRun, type PlanRun, runSlot, type RunWork } from './run.ts';

/** What a sync kind does in its slots. */
export interface Flow {
  readonly run: RunWork;
  /** Plans a run, for observed slots. */
  readonly plan: PlanRun;
  /** Called after the run of a slot has ended. */
  readonly onEnded?: (slotId: string) => Promise<void>;
}

/** The module `flows/<kind>.ts` of a service. */
export interface FlowModule<S extends Sync> {
  readonly flow: (sync: S) => Flow;
}

/** Consumes the ticks of every sync kind that a service runs. */
export async function openFlows<S extends Sync>(
  sync: S,
  service: SyncService,
  load: (kind: SyncKind) => Promise<FlowModule<S>>,
): Promise<WorkConsumer[]> {
  const own = kindNames.filter((kind) => kinds[kind].service === service);
  return Promise.all(
    own.map(async (kind) => {
      const { run, plan, onEnded } = (await load(kind)).flow(sync);
      return handle(
        sync.bus,
        tickOf[kind],
        async (tick) => {
          const settlement = await runSlot(sync, tick, run, plan);
          if (settlement === done) await onEnded?.(tick.slotId);
          return settlement;
        },
        failDeadLetteredRun(sync),
      );
    }),
  );
}
