import { nextSlot, type Schedule } from '@paceline/planning/slots';
import { due } from '@paceline/scheduler/src/core/due.ts';
import type { Tick } from '@paceline/shared/contracts';
import type { Life } from '../life.ts';
import { live, type Script, sleep } from '../world/script.ts';

/** Opens the slots of each kind as they come. */
export function startScheduler(
  { agenda, network }: Life,
  schedules: readonly Schedule[],
  open: (tick: Tick) => void,
): void {
  for (const schedule of schedules) live(follow(schedule));

  function* follow(schedule: Schedule): Script {
    let handled: number | undefined;
    for (;;) {
      const plan = due(schedule, handled, agenda.now());
      ({ handled } = plan);
      for (const tick of plan.ticks) agenda.in(network.broker(), () => open(tick));
      const now = agenda.now();
      yield* sleep(agenda, nextSlot(schedule, now) - now);
    }
  }
}
