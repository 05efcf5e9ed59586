import { kinds, type SyncKind } from '@paceline/shared/definition';
import { type CatchUp, parseCatchUp } from '@paceline/shared/config';
import type { SchedulePeriod, Slot } from '@paceline/shared/contracts';
import { current, longestLook, nextOpening, slotsOf } from './schedule.ts';

/** A slot that is run late ends when the next one opens, but not later than that; project ms. */
const longestLate = 86_400_000;

/** What is due since the slot at `last`; undefined at the very first start, when only what is open now counts. */
export function due(eras: readonly SchedulePeriod[], kind: SyncKind, last: number | undefined, now: number) {
  const era = current(eras);
  const { mode, durationMs, catchUp } = era.settings.kinds[kind];
  const from = Math.max(last ?? now - durationMs, now - longestLook);
  const slots = slotsOf(eras, kind, from, now);
  const handled = slots.at(-1)?.scheduledFor ?? last;
  if (mode === 'off') {
    const missed = slots.map((slot) => ({ slot, becomes: 'skipped', policy: 'off' }));
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

/** Whether a missed slot runs late. `newest` may be open, or over while an older one is open after a change. */
const isWanted =
  (policy: CatchUp | undefined, newest: Slot | undefined, now: number) =>
  (slot: Slot): boolean => {
    if (policy?.catchUp === 'all') return slot.scheduledFor >= now - policy.upToMs;
    return policy?.catchUp === 'latest' && slot === newest;
  };

/** The same slot for all schedulers, so named without time. Open until the next: clubs may take longer than a slot. */
const initialSlot = (kind: SyncKind, now: number, endsAt: number): Slot => ({
  slotId: `slot:${kind}:initial`,
  kind,
  scheduledFor: now,
  endsAt,
});
