import type { SyncKind, Tick } from '@paceline/shared/contracts';
import { Cron } from 'croner';

/** When a kind of sync has its slots, and for how long (project ms) each stays open. */
export interface Schedule {
  readonly kind: SyncKind;
  readonly cron: string;
  readonly timeZone: string;
  readonly durationMs: number;
}

/** The slots that open in `(after, until]`, oldest first. @throws {Error} as `nextSlot` */
export function slotsBetween(schedule: Schedule, after: number, until: number): Tick[] {
  const next = opener(schedule);
  const slots: Tick[] = [];
  for (let opens = next(after); opens <= until; opens = next(opens)) slots.push(slotAt(schedule, opens));
  return slots;
}

/** When the next slot after `moment` opens. @throws {Error} when the schedule never comes round again */
export const nextSlot = (schedule: Schedule, moment: number): number => opener(schedule)(moment);

/** To read a cron expression costs more than to follow it once. */
function opener({ kind, cron, timeZone }: Schedule): (moment: number) => number {
  const expression = new Cron(cron, { timezone: timeZone });
  return (moment) => {
    const next = expression.nextRun(new Date(moment));
    if (next) return next.getTime();
    throw new Error(`The ${kind} schedule "${cron}" has no slot after ${new Date(moment).toISOString()}`);
  };
}

const slotAt = ({ kind, durationMs }: Schedule, opens: number): Tick => ({
  slotId: `slot:${kind}:${new Date(opens).toISOString()}`,
  kind,
  scheduledFor: opens,
  endsAt: opens + durationMs,
});
