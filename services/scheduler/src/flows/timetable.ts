import { kindNames, type SyncKind } from '@paceline/shared/definition';
import type { Clock } from '@paceline/shared/clock';
import { catalog, tickOf } from '@paceline/shared/contracts';
import { type Bus, publish } from '@paceline/shared/messaging';
import { inSpan, meter, repeatedFailure } from '@paceline/shared/telemetry';
import { dueTicks } from '../core/due.ts';
import { currentPeriod, nextOpening } from '../core/schedule.ts';
import type { SchedulerProgress, ScheduleStore } from '../adapters/bucket-stores.ts';

export interface Scheduling {
  readonly bus: Bus;
  readonly progress: SchedulerProgress;
  readonly schedules: ScheduleStore;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Real ms. The loops check again after this time, as the clock can be set and the notice of a changed schedule can get lost. */
const maxSleepMs = 10_000;
const retryMs = 1_000;

/** Opens the slots of one kind until the signal aborts. Any number of schedulers can do so at the same time. */
export const openSlots = (scheduling: Scheduling, kind: SyncKind): Promise<void> =>
  repeatOnChange(scheduling, `opening slots of ${kind}`, async () => {
    const opening = await openDueSlots(scheduling, kind);
    return opening - scheduling.clock.now();
  });

/** Announces every new schedule, even if the scheduler that stored it died first. */
export const announceChanges = (scheduling: Scheduling): Promise<void> =>
  repeatOnChange(scheduling, 'announcing the schedule', async () => {
    await announce(scheduling);
    return Infinity;
  });

/** Repeats `step` whenever the schedule changes and after the pause (project ms) that it returns. */
async function repeatOnChange(
  { bus, schedules, clock, signal }: Scheduling,
  action: string,
  step: () => Promise<number>,
): Promise<void> {
  const failures = repeatedFailure((err) => bus.log.error({ err }, `${action} failed, retrying`));
  while (!signal.aborted) {
    const changed = schedules.changed();
    let pause = clock.toProjectMs(retryMs);
    try {
      pause = Math.min(await step(), clock.toProjectMs(maxSleepMs));
      failures.succeeded();
    } catch (error) {
      failures.failed(error);
    }
    await clock.sleep(pause, AbortSignal.any([signal, changed])).catch(() => undefined);
  }
}

const slots = meter().createCounter('paceline.slots', {
  unit: '{slot}',
  description: 'Slots opened, and slots missed because no scheduler was running',
});
for (const kind of kindNames) for (const outcome of ['opened', 'missed']) slots.add(0, { kind, outcome });

/** @returns when the next slot opens, project ms */
async function openDueSlots(
  { bus, progress, schedules, clock }: Scheduling,
  kind: SyncKind,
): Promise<number> {
  const last = await progress.last(kind);
  // Read each time, because the schedule may have changed.
  const { periods } = (await schedules.read()).stored;
  const now = Math.round(clock.now());
  const { ticks, missed, handled } = dueTicks(periods, kind, last, now);
  for (const { slot, outcome, policy } of missed) {
    const { slotId, scheduledFor } = slot;
    slots.add(1, { kind, outcome: 'missed' });
    bus.log.warn({ kind, slotId, scheduledFor, policy }, `slot missed, ${outcome}`);
  }
  for (const tick of ticks) {
    await inSpan(`slot ${kind}`, { attributes: { 'paceline.slot': tick.slotId } }, async () => {
      const { duplicate } = await publish(bus, tickOf[kind], tick, { id: tick.slotId });
      if (!duplicate) slots.add(1, { kind, outcome: 'opened' });
      bus.log.info(
        { kind, slotId: tick.slotId, mode: tick.mode, duplicate },
        duplicate ? 'slot already open' : 'slot opened',
      );
    });
  }
  if (handled !== undefined && handled !== last) await progress.store(kind, handled);
  return nextOpening(currentPeriod(periods), kind, now);
}

async function announce({ bus, progress, schedules }: Scheduling): Promise<void> {
  const { version, stored, problem } = await schedules.read();
  if (problem !== undefined || ((await progress.last('announced')) ?? 0) >= version) return;
  const message = { version, ...currentPeriod(stored.periods), changed: stored.changed };
  await publish(bus, catalog.scheduleChanged, message, { id: `schedule:${version}` });
  await progress.store('announced', version);
}
