import { kinds, type SyncKind } from '@paceline/shared/definition';
import { type CatchUp, parseCatchUp } from '@paceline/shared/config';
import type { SchedulePeriod, Slot, Tick } from '@paceline/shared/contracts';
import { currentPeriod, maxLookBackMs, nextOpening, pauseOf, slotsOf } from './schedule.ts';

/** A slot that is run late ends when the next one opens, or after this time; project ms. */
const maxLateMs = 86_400_000;

/** Ticks due and slots missed since the slot at `last`. `last` undefined: first start, only open slots count. */
export function dueTicks(
  periods: readonly SchedulePeriod[],
  kind: SyncKind,
  last: number | undefined,
  now: number,
) {
  const period = currentPeriod(periods);
  const { mode, durationMs, catchUp } = period.settings.kinds[kind];
  const from = Math.max(last ?? now - durationMs, now - maxLookBackMs);
  const slots = slotsOf(periods, kind, from, now);
  const handled = slots.at(-1)?.scheduledFor ?? last;
  const isPaused = pauseOf(period, kind, now) !== undefined;
  if (mode === 'off' || isPaused) {
    const policy = isPaused ? 'paused' : 'off';
    const missed = slots.map((slot) => ({ slot, outcome: 'skipped', policy }));
    return { ticks: [], missed, handled };
  }
  const open = slots.filter(({ endsAt }) => endsAt > now);
  const over = slots.filter(({ endsAt }) => endsAt <= now);
  const late = over.filter(runsLate(parseCatchUp(catchUp), slots.at(-1), now));
  const lateEnd = Math.min(nextOpening(period, kind, now), now + maxLateMs);
  const first =
    last === undefined && kinds[kind].atFirstStart && open.length === 0
      ? [initialSlot(kind, now, lateEnd)]
      : [];
  return {
    ticks: [
      ...first,
      ...slots
        .filter((slot) => open.includes(slot) || late.includes(slot))
        .map((slot) =>
          late.includes(slot)
            ? { ...slot, endsAt: lateEnd }
            : {
                ...slot,
                ...lateStart(parseCatchUp(catchUp), slot, nextOpening(period, kind, slot.scheduledFor)),
              },
        ),
    ].map((slot): Tick => ({ ...slot, mode })),
    missed: over.map((slot) => ({
      slot,
      outcome: late.includes(slot) ? 'run late' : 'skipped',
      policy: catchUp,
    })),
    handled: handled ?? now,
  };
}

/** Whether a missed slot runs late. After a schedule change, `newest` may have ended while an older slot is still open. */
const runsLate =
  (policy: CatchUp | undefined, newest: Slot | undefined, now: number) =>
  (slot: Slot): boolean => {
    if (policy?.catchUp === 'all') return slot.scheduledFor >= now - policy.upToMs;
    return policy?.catchUp === 'latest' && slot === newest;
  };

/** How late the run of an open slot may start, if no sync can take its tick in time. @param next when the next slot opens */
function lateStart(
  policy: CatchUp | undefined,
  { scheduledFor, endsAt }: Slot,
  next: number,
): Pick<Tick, 'late'> {
  const maxMs = Math.min(next - scheduledFor, maxLateMs);
  const until = scheduledFor + (policy?.catchUp === 'all' ? policy.upToMs : maxMs);
  return policy && policy.catchUp !== 'skip' && until > endsAt ? { late: { until, maxMs } } : {};
}

/** Its id has no time, so that all schedulers agree on it. Open until the next slot, because clubs can take longer. */
const initialSlot = (kind: SyncKind, now: number, endsAt: number): Slot => ({
  slotId: `slot:${kind}:initial`,
  kind,
  scheduledFor: now,
  endsAt,
});
