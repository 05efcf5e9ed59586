import { dueTicks } from '@paceline/scheduler/core/due';
import { nextOpening } from '@paceline/scheduler/core/schedule';
import type { RunCounts, ScheduleSettings, Tick } from '@paceline/shared/contracts';
import { kindNames, type SyncKind } from '@paceline/shared/definition';
import type { RunResult as StoredEnding, RunRow } from '@paceline/shared/sync';
import type { Simulation } from '../simulation.ts';
import { runScript, type Script, sleep } from '@paceline/kit/script';

/** A run as its row stores it. */
export type SimulatedRun = Pick<
  RunRow,
  'runId' | 'kind' | 'slotId' | 'scheduledFor' | 'slotEndsAt' | 'startedAt' | 'counts' | 'checkpoint'
>;
export type RunEnding = Required<Omit<StoredEnding, 'error'>>;

const none: RunCounts = { planned: 0, synced: 0, failed: 0, deferred: 0, stored: 0 };

/** Opens the slots of each kind at their times. */
export function startScheduler(
  { agenda, network }: Simulation,
  settings: ScheduleSettings,
  open: (tick: Tick) => void,
): void {
  const period = { since: 0, settings };
  for (const kind of kindNames) runScript(follow(kind));

  function* follow(kind: SyncKind): Script {
    let handled: number | undefined;
    for (;;) {
      const plan = dueTicks([period], kind, handled, agenda.now());
      ({ handled } = plan);
      // An observed sync makes no calls.
      for (const tick of plan.ticks) if (tick.mode === 'on') agenda.in(network.broker(), () => open(tick));
      const now = agenda.now();
      const next = nextOpening(period, kind, now);
      if (next === Infinity) return;
      yield* sleep(agenda, next - now);
    }
  }
}

/** Runs the ticks of one kind one after the other. */
export function createRuns(
  { agenda, tally }: Simulation,
  work: (run: SimulatedRun) => Script<RunEnding>,
): (tick: Tick) => void {
  const pending: Tick[] = [];
  let checkpoint: unknown = null;
  let working = false;

  function* runPending(): Script {
    working = true;
    for (let tick = pending.shift(); tick; tick = pending.shift()) {
      const { slotId, kind, scheduledFor, endsAt: slotEndsAt } = tick;
      const slot = { runId: slotId, kind, slotId, scheduledFor, slotEndsAt };
      const ending = yield* work({ ...slot, startedAt: agenda.now(), counts: none, checkpoint });
      ({ checkpoint } = ending);
      const { state, counts } = ending;
      tally.recordRun({ kind, state, counts, endedAt: agenda.now(), slotEndsAt });
    }
    working = false;
  }

  return (tick) => {
    pending.push(tick);
    if (!working) runScript(runPending());
  };
}
