import { tickOf } from '../contracts/index.ts';
import { kindNames, kinds, type SyncKind, type SyncService } from '../definition/index.ts';
import { done, handle, type WorkConsumer } from '../messaging/index.ts';
import type { Sync } from './open.ts';
import { failDeadLetteredRun, type PlanRun, runSlot, type RunWork } from './run.ts';

/** What a kind of sync does in its slots. */
export interface Flow {
  readonly run: RunWork;
  /** What a run would do: for slots that are only observed. */
  readonly plan: PlanRun;
  /** After the run of a slot has ended. */
  readonly ended?: (slotId: string) => Promise<void>;
}

/** The file `flows/<kind>.ts` of a service. */
export interface FlowFile<S extends Sync> {
  readonly flow: (sync: S) => Flow;
}

/** Hands the ticks of every kind of sync that a service runs to its flow. */
export async function openFlows<S extends Sync>(
  sync: S,
  service: SyncService,
  load: (kind: SyncKind) => Promise<FlowFile<S>>,
): Promise<WorkConsumer[]> {
  const own = kindNames.filter((kind) => kinds[kind].service === service);
  return Promise.all(
    own.map(async (kind) => {
      const { run, plan, ended } = (await load(kind)).flow(sync);
      return handle(
        sync.bus,
        tickOf[kind],
        async (tick) => {
          const settlement = await runSlot(sync, tick, run, plan);
          if (settlement === done) await ended?.(tick.slotId);
          return settlement;
        },
        failDeadLetteredRun(sync),
      );
    }),
  );
}
