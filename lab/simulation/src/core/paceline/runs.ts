import type { SyncKind } from '@paceline/shared/definition';
import type { RunCounts, Tick } from '@paceline/shared/contracts';
import type { Life } from '../life.ts';
import { live, type Script } from '../world/script.ts';

/** A slot's run as its row holds it. */
export interface Run {
  readonly runId: string;
  readonly kind: SyncKind;
  readonly slotId: string;
  readonly scheduledFor: number;
  readonly slotEndsAt: number;
  readonly startedAt: number;
  readonly counts: RunCounts;
  /** What the last run of its kind has left. */
  readonly checkpoint: unknown;
}

export interface RunEnding {
  readonly state: 'done' | 'failed';
  readonly counts: RunCounts;
  readonly checkpoint: unknown;
}

const none: RunCounts = { planned: 0, synced: 0, failed: 0, deferred: 0, stored: 0 };

/** Takes the ticks of one kind, one run after the other. */
export function createRuns(life: Life, work: (run: Run) => Script<RunEnding>): (tick: Tick) => void {
  const { agenda, tally } = life;
  const coming: Tick[] = [];
  let checkpoint: unknown = null;
  let working = false;

  function* goOn(): Script {
    working = true;
    for (let tick = coming.shift(); tick; tick = coming.shift()) {
      const { slotId, kind, scheduledFor, endsAt: slotEndsAt } = tick;
      const startedAt = agenda.now();
      const run = {
        runId: slotId,
        kind,
        slotId,
        scheduledFor,
        slotEndsAt,
        startedAt,
        counts: none,
        checkpoint,
      };
      const ending = yield* work(run);
      ({ checkpoint } = ending);
      const { state, counts } = ending;
      tally.ran({ kind, state, counts, endedAt: agenda.now(), slotEndsAt });
    }
    working = false;
  }

  return (tick) => {
    coming.push(tick);
    if (!working) live(goOn());
  };
}
