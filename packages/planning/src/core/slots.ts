import type { SyncKind, Tick } from '@paceline/shared/contracts';
import { Cron } from 'croner';

/** When a kind of sync has its slots, and for how long (project ms) each stays open. */
export interface Schedule {
  readonly kind: SyncKind;
  readonly cron: string;
  readonly timeZone: string;
  readonly durationMs: number;
}

/** The slots that open in `(after, until]`, oldest first. */
export function slotsBetween(schedule: Schedule, after: number, until: number): Tick[] {
  const slots: Tick[] = [];
  for (let opens = nextSlot(schedule, after); opens <= until; opens = nextSlot(schedule, opens)) {
    slots.push(slotAt(schedule, opens));
  }
  return slots;
}

/** When the next slot after `moment` opens. @throws {Error} when the schedule never comes round again */
export function nextSlot({ kind, cron, timeZone }: Schedule, moment: number): number {
  const next = new Cron(cron, { timezone: timeZone }).nextRun(new Date(moment));
  if (!next)
    throw new Error(`The ${kind} schedule "${cron}" has no slot after ${new Date(moment).toISOString()}`);
  return next.getTime();
}

const slotAt = ({ kind, durationMs }: Schedule, opens: number): Tick => ({
  slotId: `slot:${kind}:${new Date(opens).toISOString()}`,
  kind,
  scheduledFor: opens,
  endsAt: opens + durationMs,
});
