import { nextSlot, type Schedule, slotsBetween } from '@paceline/planning/slots';
import type { Tick } from '@paceline/shared/contracts';

export interface Due {
  /** To be published now, oldest first. */
  readonly ticks: readonly Tick[];
  /** Slots that were over before anybody was there to open them: they are skipped, the next one does their work. */
  readonly missed: readonly Tick[];
  /** The last slot that is dealt with: where to go on from. */
  readonly handled: number;
}

/** How far back a scheduler looks: a slot is never open for longer. */
const longestLook = 7 * 86_400_000;

/**
 * What has become due since the slot at `last` was dealt with. A slot that is still open is opened late; one that is
 * over is missed. `last` is undefined at the very first start: then only what is open now counts, and a rider sync is
 * due at once, since there is nothing to show before it.
 */
export function due(schedule: Schedule, last: number | undefined, now: number): Due {
  const from = Math.max(last ?? now - schedule.durationMs, now - longestLook);
  const slots = slotsBetween(schedule, from, now);
  const open = slots.filter(({ endsAt }) => endsAt > now);
  const missed = slots.filter(({ endsAt }) => endsAt <= now);
  const first =
    last === undefined && schedule.kind === 'rider' && open.length === 0 ? [initialSlot(schedule, now)] : [];
  return { ticks: [...first, ...open], missed, handled: slots.at(-1)?.scheduledFor ?? last ?? now };
}

/**
 * Named without its time: whoever starts first opens it, and it is the same slot for every scheduler. It stays open
 * until the next one opens: with one call an hour, several clubs take longer than a slot.
 */
const initialSlot = (schedule: Schedule, now: number): Tick => ({
  slotId: `slot:${schedule.kind}:initial`,
  kind: schedule.kind,
  scheduledFor: now,
  endsAt: nextSlot(schedule, now),
});
