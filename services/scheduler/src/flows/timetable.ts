import { kindNames, type SyncKind } from '@paceline/shared/definition';
import type { Clock } from '@paceline/shared/clock';
import { catalog, tickOf } from '@paceline/shared/contracts';
import { type Bus, publish } from '@paceline/shared/messaging';
import { inSpan, meter } from '@paceline/shared/telemetry';
import { due } from '../core/due.ts';
import { current, nextOpening } from '../core/schedule.ts';
import type { Handled, InForce } from '../adapters/stored.ts';

export interface Scheduling {
  readonly bus: Bus;
  readonly handled: Handled;
  readonly inForce: InForce;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Real ms. A loop looks again after that long: the word that the schedule has changed may have been lost. */
const longestSleepMs = 5_000;
const retryMs = 1_000;

/** Opens the slots of one kind as they come, until the signal aborts. Any number of schedulers may do so at once. */
export const followTimetable = (scheduling: Scheduling, kind: SyncKind): Promise<void> =>
  keepUp(scheduling, `opening slots of ${kind}`, async () => {
    const opening = await openDueSlots(scheduling, kind);
    return opening - scheduling.clock.now();
  });

/** Announces every schedule that comes into force, also one whose scheduler died before it could. */
export const announceChanges = (scheduling: Scheduling): Promise<void> =>
  keepUp(scheduling, 'announcing the schedule', async () => {
    await announce(scheduling);
    return Infinity;
  });

/** Does something again whenever the schedule has changed, and after the pause (project ms) that it returns. */
async function keepUp(
  { bus, inForce, clock, signal }: Scheduling,
  doing: string,
  step: () => Promise<number>,
): Promise<void> {
  while (!signal.aborted) {
    const changed = inForce.changed();
    let pause = clock.fromMachine(retryMs);
    try {
      pause = Math.min(await step(), clock.fromMachine(longestSleepMs));
    } catch (error) {
      bus.log.error({ err: error }, `${doing} failed, retrying`);
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
  // Read each time: another schedule may be in force by now.
  const { periods } = (await inForce.read()).kept;
  const now = Math.round(clock.now());
  const plan = due(periods, kind, last, now);
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
  return nextOpening(current(periods), kind, now);
}

async function announce({ bus, handled, inForce }: Scheduling): Promise<void> {
  const { version, kept } = await inForce.read();
  if (((await handled.last('announced')) ?? 0) >= version) return;
  const { since, settings } = current(kept.periods);
  const news = { version, settings, since, changed: kept.changed };
  await publish(bus, catalog.scheduleChanged, news, { id: `schedule:${version}` });
  await handled.remember('announced', version);
}
