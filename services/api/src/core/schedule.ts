import { kindNames, kinds, mapValues, type SyncKind } from '@paceline/shared/definition';
import { formatDuration } from '@paceline/shared/config';
import { type ScheduleInForce, type ScheduleSettings, syncModes } from '@paceline/shared/contracts';
import { z } from 'zod';
import { iso } from './times.ts';

const time = z.iso.datetime();
/** Unlike a record, an object says in OpenAPI that each kind is there. */
const ofEachKind = <S extends z.ZodType>(shape: S) => z.object(mapValues(kinds, () => shape));

const settingsOfKind = {
  mode: z.enum(syncModes),
  opens: z.string().describe('A cron expression of five fields, or an interval: every 15m'),
  duration: z.string().describe('How long a slot stays open: 10m'),
  skip: z.string().describe('Slots that are left out: 06:00, 23:00-05:00, sat, 2026-12-24'),
  catchUp: z.string().describe('What becomes of missed slots: skip, latest, or all 2h'),
};

/** The slots of all kinds, in the words of the configuration. */
export const settingsShape = z.object({
  timeZone: z.string(),
  kinds: ofEachKind(z.object(settingsOfKind)),
});
export type SettingsView = z.infer<typeof settingsShape>;

export const scheduleChangedShape = settingsShape.extend({
  version: z.int().describe('What the ETag says'),
  from: z.enum(['configured', 'changed']).describe('By the variables, or by somebody since'),
  since: time.nullable().describe('null: from the very beginning'),
});

/** The schedule in force. */
export const scheduleShape = scheduleChangedShape.extend({
  next: ofEachKind(z.array(z.object({ id: z.string(), opensAt: time, endsAt: time }))).describe(
    'The slots that open next; none of a kind that is off',
  ),
});
export type ScheduleView = z.infer<typeof scheduleShape>;

export const settingsView = ({ timeZone, kinds }: ScheduleSettings): SettingsView => ({
  timeZone,
  kinds: byKind((each) => {
    const { durationMs, ...settings } = kinds[each];
    return { ...settings, duration: formatDuration(durationMs) };
  }),
});

export const scheduleChangedView = ({
  version,
  settings,
  changed,
  since,
}: Omit<ScheduleInForce, 'next'>): z.infer<typeof scheduleChangedShape> => ({
  version,
  ...settingsView(settings),
  from: changed ? 'changed' : 'configured',
  since: since > 0 ? iso(since) : null,
});

export const scheduleView = (schedule: ScheduleInForce): ScheduleView => ({
  ...scheduleChangedView(schedule),
  next: byKind((each) =>
    schedule.next[each].map(({ slotId, opensAt, endsAt }) => ({
      id: slotId,
      opensAt: iso(opensAt),
      endsAt: iso(endsAt),
    })),
  ),
});

const byKind = <T>(viewOf: (each: SyncKind) => T): Record<SyncKind, T> =>
  Object.fromEntries(kindNames.map((each) => [each, viewOf(each)])) as Record<SyncKind, T>;
