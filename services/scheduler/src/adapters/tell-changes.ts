import { catalog } from '@paceline/shared/contracts';
import { publish } from '@paceline/shared/messaging';
import { current } from '../core/eras.ts';
import type { Scheduling } from './timetable.ts';

/** Real ms after which it is looked again: the word that the schedule has changed may have been lost. */
const longestSleepMs = 5_000;

/** Tells of every schedule that comes into force, also of one whose scheduler died before it could. */
export async function tellChanges({ bus, handled, inForce, clock, signal }: Scheduling): Promise<void> {
  while (!signal.aborted) {
    const changed = inForce.changed();
    try {
      const { version, kept } = await inForce.read();
      if (((await handled.last('told')) ?? 0) < version) {
        const { since, settings } = current(kept.eras);
        const news = { version, settings, since, changed: kept.changed };
        await publish(bus, catalog.scheduleChanged, news, { id: `schedule:${version}` });
        await handled.remember('told', version);
      }
    } catch (error) {
      bus.log.error({ err: error }, 'a change of the schedule could not be told, trying again');
    }
    const wake = AbortSignal.any([signal, changed]);
    await clock.sleep(clock.fromMachine(longestSleepMs), wake).catch(() => undefined);
  }
}
