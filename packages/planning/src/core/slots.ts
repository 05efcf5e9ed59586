import { kindNames, type SyncKind } from '@paceline/shared/definition';
import {
  type Config,
  parseOpening,
  parseSkips,
  slotSettingsOf,
  type slotVariableNames,
} from '@paceline/shared/config';
import type { ScheduleSettings, Slot } from '@paceline/shared/contracts';
import { Cron } from 'croner';

/** When a kind of sync has its slots, and for how long (project ms) each stays open; texts as in the configuration. */
export interface Schedule {
  readonly kind: SyncKind;
  readonly opens: string;
  readonly timeZone: string;
  readonly durationMs: number;
  readonly skip?: string;
}

/** After this many skipped slots in a row, all are taken to be skipped. */
const mostLeftOut = 20_000;

/** The slots that open in `(after, until]`, oldest first. */
export function slotsBetween(schedule: Schedule, after: number, until: number): Slot[] {
  const next = opener(schedule);
  const slots: Slot[] = [];
  for (let opens = next(after); opens <= until; opens = next(opens)) slots.push(slotAt(schedule, opens));
  return slots;
}

/** When the next slot after `moment` opens; Infinity: never. */
export const nextSlot = (schedule: Schedule, moment: number): number => opener(schedule)(moment);

/** To read an expression costs more than to follow it once. */
function opener({ opens, timeZone, skip = '' }: Schedule): (moment: number) => number {
  const next = following(opens, timeZone);
  const isLeftOut = skipper(skip, timeZone);
  return (moment) => {
    let at = next(moment);
    for (let leftOut = 0; at < Infinity && isLeftOut(at); leftOut += 1) {
      if (leftOut === mostLeftOut) return Infinity;
      at = next(at);
    }
    return at;
  };
}

/** Cron follows the clocks (twice in a repeated hour, after a skipped one); intervals count from the epoch. */
function following(opens: string, timeZone: string): (moment: number) => number {
  const opening = parseOpening(opens);
  if (!opening) return () => Infinity;
  if ('everyMs' in opening) {
    const { everyMs } = opening;
    return (moment) => (Math.floor(moment / everyMs) + 1) * everyMs;
  }
  // The same moments, found many times faster: no calendar has to be asked.
  const zone = timeZone === 'UTC' ? { utcOffset: 0 } : { timezone: timeZone };
  const expression = new Cron(opening.cron, zone);
  return (moment) => expression.nextRun(new Date(moment))?.getTime() ?? Infinity;
}

const slotAt = ({ kind, durationMs }: Schedule, opens: number): Slot => ({
  slotId: `slot:${kind}:${new Date(opens).toISOString()}`,
  kind,
  scheduledFor: opens,
  endsAt: opens + durationMs,
});

/** Says of moments (project ms) whether a slot that opens then is left out, by the clocks of its time zone. */
function skipper(skip: string, timeZone: string): (opens: number) => boolean {
  const { times, weekdays, dates } = parseSkips(skip);
  if (times.length + weekdays.length + dates.length === 0) return () => false;
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (opens) => {
    const parts = Object.fromEntries(clock.formatToParts(opens).map(({ type, value }) => [type, value]));
    const minute = Number(parts.hour) * 60 + Number(parts.minute);
    return (
      weekdays.includes(parts.weekday?.toLowerCase() ?? '') ||
      dates.includes(`${parts.year}-${parts.month}-${parts.day}`) ||
      times.some(([from, until]) =>
        from < until ? minute >= from && minute < until : minute >= from || minute < until,
      )
    );
  };
}

export const settingsOf = (config: Config<(typeof slotVariableNames)[number]>): ScheduleSettings => ({
  timeZone: config.SLOT_TIME_ZONE,
  kinds: slotSettingsOf(config),
});

export const schedulesOf = ({ timeZone, kinds }: ScheduleSettings): Schedule[] =>
  kindNames
    .filter((kind) => kinds[kind].mode !== 'off')
    .map((kind) => ({
      kind,
      opens: kinds[kind].opens,
      durationMs: kinds[kind].durationMs,
      skip: kinds[kind].skip,
      timeZone,
    }));
