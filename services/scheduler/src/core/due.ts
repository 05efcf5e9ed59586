import { kinds, type SyncKind } from '@paceline/shared/definition';
import { type CatchUp, parseCatchUp } from '@paceline/shared/config';
import type { SchedulePeriod, Slot, Tick } from '@paceline/shared/contracts';
import { current, longestLook, nextOpening, slotsOf } from './schedule.ts';

/** A slot that was over before anybody was there to open it, and what is done about it. */
export interface Missed {
  readonly slot: Slot;
  /** Skipped: the next one does its work. */
  readonly becomes: 'run late' | 'skipped';
  /** By which policy: as it is configured, or `off`. */
  readonly policy: string;
}

export interface Due {
  /** To be published now, oldest first. */
  readonly ticks: readonly Tick[];
  readonly missed: readonly Missed[];
  /** The last slot that is dealt with: where to go on from. Undefined: the kind has never been on. */
  readonly handled: number | undefined;
}

/** A slot that is run late ends when the next one opens, but not later than that; project ms. */
const longestLate = 86_400_000;

/**
 * What has become due since the slot at `last` was dealt with. A slot that is still open is opened late; of those that
 * are over the kind's policy says which. `last` is undefined at the very first start: then only what is open now
 * counts, and a kind that is to run then is due at once.
 */
export function due(
  eras: readonly SchedulePeriod[],
  kind: SyncKind,
  last: number | undefined,
  now: number,
): Due {
  const era = current(eras);
  const { mode, durationMs, catchUp } = era.settings.kinds[kind];
  const from = Math.max(last ?? now - durationMs, now - longestLook);
  const slots = slotsOf(eras, kind, from, now);
  const handled = slots.at(-1)?.scheduledFor ?? last;
  if (mode === 'off') {
    const missed = slots.map((slot): Missed => ({ slot, becomes: 'skipped', policy: 'off' }));
    return { ticks: [], missed, handled };
  }
  const open = slots.filter(({ endsAt }) => endsAt > now);
  const over = slots.filter(({ endsAt }) => endsAt <= now);
  const late = over.filter(isWanted(parseCatchUp(catchUp), slots.at(-1), now));
  const lateEnd = Math.min(nextOpening(era, kind, now), now + longestLate);
  const first =
    last === undefined && kinds[kind].atFirstStart && open.length === 0
      ? [initialSlot(kind, now, lateEnd)]
      : [];
  return {
    ticks: [
      ...first,
      ...slots
        .filter((slot) => open.includes(slot) || late.includes(slot))
        .map((slot) => (late.includes(slot) ? { ...slot, endsAt: lateEnd } : slot)),
    ].map((slot) => ({ ...slot, mode })),
    missed: over.map((slot) => ({
      slot,
      becomes: late.includes(slot) ? 'run late' : 'skipped',
      policy: catchUp,
    })),
    handled: handled ?? now,
  };
}

/**
 * Whether a slot that is over is run late. `newest` may be open: then nothing is. It may also be over while an older,
 * longer one is still open, once the schedule has changed in between.
 */
const isWanted =
  (policy: CatchUp | undefined, newest: Slot | undefined, now: number) =>
  (slot: Slot): boolean => {
    if (policy?.catchUp === 'all') return slot.scheduledFor >= now - policy.upToMs;
    return policy?.catchUp === 'latest' && slot === newest;
  };

/**
 * Named without its time: the first scheduler opens it, and it is the same slot for all of them. It stays open
 * until the next one opens: with one call an hour, several clubs take longer than a slot.
 */
const initialSlot = (kind: SyncKind, now: number, endsAt: number): Slot => ({
  slotId: `slot:${kind}:initial`,
  kind,
  scheduledFor: now,
  endsAt,
});
