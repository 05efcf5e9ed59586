import { kindNames, type SyncKind } from '@paceline/shared/definition';
import { due } from '@paceline/scheduler/core/due';
import { nextOpening } from '@paceline/scheduler/core/schedule';
import { type ScheduleSettings, type Tick } from '@paceline/shared/contracts';
import type { Life } from '../life.ts';
import { live, type Script, sleep } from '../world/script.ts';

/** Opens the slots of each kind as they come. */
export function startScheduler(
  { agenda, network }: Life,
  settings: ScheduleSettings,
  open: (tick: Tick) => void,
): void {
  const era = { since: 0, settings };
  for (const kind of kindNames) live(follow(kind));

  function* follow(kind: SyncKind): Script {
    let handled: number | undefined;
    for (;;) {
      const plan = due([era], kind, handled, agenda.now());
      ({ handled } = plan);
      for (const tick of plan.ticks) agenda.in(network.broker(), () => open(tick));
      const now = agenda.now();
      const next = nextOpening(era, kind, now);
      if (next === Infinity) return;
      yield* sleep(agenda, next - now);
    }
  }
}
