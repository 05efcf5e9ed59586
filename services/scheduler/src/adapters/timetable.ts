import { kindNames, type SyncKind } from '@paceline/shared/definition';
import type { Clock } from '@paceline/shared/clock';
import { tickOf } from '@paceline/shared/contracts';
import { type Bus, publish } from '@paceline/shared/messaging';
import { inSpan, meter } from '@paceline/shared/telemetry';
import { due } from '../core/due.ts';
import { current, nextOpening } from '../core/eras.ts';
import type { Handled } from './handled.ts';
import type { InForce } from './in-force.ts';

export interface Scheduling {
  readonly bus: Bus;
  readonly handled: Handled;
  readonly inForce: InForce;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Real ms after which a sleeper looks again: the word that the schedule has changed may have been lost. */
const longestSleepMs = 5_000;

/** Opens the slots of one kind as they come, until the signal aborts. Any number of schedulers may do so at once. */
export async function followTimetable(scheduling: Scheduling, kind: SyncKind): Promise<void> {
  const { bus, inForce, clock, signal } = scheduling;
  while (!signal.aborted) {
    const changed = inForce.changed();
    let pause = clock.fromMachine(1_000);
    try {
      const opening = await openDueSlots(scheduling, kind);
      pause = Math.min(opening - clock.now(), clock.fromMachine(longestSleepMs));
    } catch (error) {
      bus.log.error({ err: error, kind }, 'a slot could not be opened, trying again');
    }
    await clock.sleep(pause, AbortSignal.any([signal, changed])).catch(() => undefined);
  }
}

const slots = meter().createCounter('paceline.slots', {
  unit: '{slot}',
  description: 'Slots that were opened, and those that were over before a scheduler was there',
});
for (const kind of kindNames) for (const outcome of ['opened', 'missed']) slots.add(0, { kind, outcome });

/** @returns when the next slot opens */
async function openDueSlots({ bus, handled, inForce, clock }: Scheduling, kind: SyncKind): Promise<number> {
  const last = await handled.last(kind);
  // Read each time: what a sleeper remembers may be in force no more.
  const { eras } = (await inForce.read()).kept;
  const now = Math.round(clock.now());
  const plan = due(eras, kind, last, now);
  for (const { slot, becomes, policy } of plan.missed) {
    const { slotId, scheduledFor } = slot;
    slots.add(1, { kind, outcome: 'missed' });
    bus.log.warn({ kind, slotId, scheduledFor, policy }, `slot missed, ${becomes}`);
  }
  for (const tick of plan.ticks) {
    await inSpan(`slot ${kind}`, { attributes: { 'paceline.slot': tick.slotId } }, async () => {
      const { duplicate } = await publish(bus, tickOf[kind], tick, { id: tick.slotId });
      if (!duplicate) slots.add(1, { kind, outcome: 'opened' });
      bus.log.info(
        { kind, slotId: tick.slotId, mode: tick.mode, duplicate },
        duplicate ? 'slot was open already' : 'slot opened',
      );
    });
  }
  if (plan.handled !== undefined && plan.handled !== last) await handled.remember(kind, plan.handled);
  return nextOpening(current(eras), kind, now);
}
