import { nextSlot, type Schedule } from '@paceline/planning/slots';
import type { Clock } from '@paceline/shared/clock';
import { tickOf } from '@paceline/shared/contracts';
import { type Bus, publish } from '@paceline/shared/messaging';
import { inSpan } from '@paceline/shared/telemetry';
import { due } from '../core/due.ts';
import type { Handled } from './handled.ts';

/** Opens the slots of one kind as they come, until the signal aborts. Any number of schedulers may do so at once. */
export async function followTimetable(
  bus: Bus,
  handled: Handled,
  schedule: Schedule,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await openDueSlots(bus, handled, schedule, Math.round(clock.now()));
      const now = clock.now();
      await clock.sleep(nextSlot(schedule, now) - now, signal);
    } catch (error) {
      if (signal.aborted) return;
      bus.log.error({ err: error, kind: schedule.kind }, 'a slot could not be opened, trying again');
      await clock.sleep(clock.fromMachine(1_000), signal).catch(() => undefined);
    }
  }
}

async function openDueSlots(bus: Bus, handled: Handled, schedule: Schedule, now: number): Promise<void> {
  const { kind } = schedule;
  const last = await handled.last(kind);
  const plan = due(schedule, last, now);
  for (const { slotId } of plan.missed) {
    bus.log.warn(
      { kind, slotId },
      'slot missed: it was over before a scheduler was there, the next one does its work',
    );
  }
  for (const tick of plan.ticks) {
    await inSpan(`slot ${kind}`, { attributes: { 'paceline.slot': tick.slotId } }, async () => {
      const { duplicate } = await publish(bus, tickOf[kind], tick, { id: tick.slotId });
      bus.log.info(
        { kind, slotId: tick.slotId, duplicate },
        duplicate ? 'slot was open already' : 'slot opened',
      );
    });
  }
  if (plan.handled !== last) await handled.remember(kind, plan.handled);
}
