import type { ScheduleCheck, Schedule, ScheduleEdit, ScheduleSettings } from '@paceline/client';
import { dayAndTime, dayOf, duration, limitText, shortTime, shortTimeNear } from '@paceline/client/text';
import { kindNames, kinds, type SyncKind } from '@paceline/shared/definition';
import { count } from '@paceline/shared/words';
import { UsageError } from './usage.ts';
import { type TextStyle, table, wrap } from './look.ts';

const kindCell = (kind: SyncKind, { paint }: TextStyle) => ({
  text: kind,
  paint: (text: string) => paint.lane(kinds[kind].lane, text),
});
const rounded = (number: number): string => String(Math.round(number));
const intervalText = (seconds: number | null): string =>
  seconds === null ? 'never' : duration(seconds * 1_000);

export function settingsLines(settings: ScheduleSettings, look: TextStyle): string[] {
  const rows = kindNames.map((kind) => {
    const { mode, opens, duration: open, skip, catchUp } = settings.kinds[kind];
    return [kindCell(kind, look), mode, opens, open, skip || '-', catchUp];
  });
  return [
    `Slots (${settings.timeZone})`,
    ...table(['sync', 'mode', 'opens', 'duration', 'except', 'if missed'], rows, look),
  ];
}

export function scheduleLines(schedule: Schedule, look: TextStyle): string[] {
  const { version, from, since, nextSlots, pausedUntil } = schedule;
  const { paint } = look;
  const when = since === null ? '' : ` since ${dayAndTime(since)}`;
  const rows = kindNames.map((kind) => {
    const until = pausedUntil[kind];
    const pause = until === null ? [] : [`paused until ${dayAndTime(until)}, then`];
    return [kindCell(kind, look), [...pause, slotTimes(nextSlots[kind]) || 'off'].join('  ')];
  });
  return [
    `Version ${version}, ${from === 'changed' ? 'changed at runtime' : 'as configured'}${when}`,
    '',
    ...settingsLines(schedule, look),
    '',
    paint.muted('Next'),
    ...table([], rows, look),
  ];
}

/** Each day is named once: `Thu 26 Nov 18:00–18:10  Fri 27 Nov 00:00–00:10  06:00–06:10`. */
const slotTimes = (slots: Schedule['nextSlots'][SyncKind]): string =>
  slots
    .map(({ opensAt, closesAt }, index) => {
      const opens = shortTimeNear(opensAt, slots[index - 1]?.opensAt ?? 0);
      return `${opens}–${shortTimeNear(closesAt, opensAt)}`;
    })
    .join('  ');

export function judgedLines(
  { settings, findings, forecast, repaired, goals }: ScheduleCheck,
  look: TextStyle,
): string[] {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const kept = Object.entries(goals).map(([kind, within]) => `${kind} ${within}`);
  return [
    ...settingsLines(settings, look),
    '',
    ...findingLines(findings, look),
    'A busy day',
    ...forecastLines(forecast, look),
    '',
    ...(errors === 0
      ? [look.paint.bold('No errors: every freshness goal can be met.')]
      : [
          look.paint.error(`${count(errors, 'error')}.`),
          `This change would pass: --set ${differences(settings, repaired).join(' --set ')}`,
          ...(kept.length > 0 ? [`Goals that it meets: ${kept.join(', ')}`] : []),
        ]),
  ];
}

export function findingLines(findings: ScheduleCheck['findings'], { paint, width }: TextStyle): string[] {
  return findings.flatMap(({ severity, message, timeline }) => [
    ...wrap(`${severity}: ${message}`, width).map((line) =>
      severity === 'error' ? paint.error(line) : line,
    ),
    ...timeline.map(({ at, text }) => `  ${paint.muted(`${dayOf(at)} ${shortTime(at)}`)}  ${text}`),
    '',
  ]);
}

/** The changed settings as `--set` arguments. */
export function differences(one: ScheduleSettings, other: ScheduleSettings): string[] {
  return kindNames.flatMap((kind) =>
    (Object.entries(other.kinds[kind]) as Array<[keyof ScheduleSettings['kinds'][SyncKind], string]>)
      .filter(([field, value]) => one.kinds[kind][field] !== value)
      .map(([field, value]) => `'${kind}.${field}=${value}'`),
  );
}

function forecastLines(forecast: ScheduleCheck['forecast'], look: TextStyle): string[] {
  const byKind = forecast.kinds.map((each) => [
    kindCell(each.kind, look),
    rounded(each.targets),
    rounded(each.slotsADay),
    each.fewestCalls === each.mostCalls
      ? rounded(each.mostCalls)
      : `${rounded(each.fewestCalls)}–${rounded(each.mostCalls)}`,
    rounded(each.callsADay),
    intervalText(each.oldestSeconds),
    each.goalSeconds === null ? '-' : intervalText(each.goalSeconds),
  ]);
  const byBudget = forecast.budgets.map(({ budget, policy, allowed, wanted, urgent, room, used }) => [
    budget,
    limitText(policy),
    rounded(allowed),
    rounded(Object.values(wanted).reduce((sum, each) => sum + each, urgent)),
    rounded(room),
    `${rounded(100 * used)} %`,
  ]);
  return [
    ...table(['sync', 'items', 'slots', 'calls per slot', 'calls', 'refreshed every', 'goal'], byKind, look),
    '',
    ...table(['budget', 'limit', 'allowed', 'needed', 'possible', 'used'], byBudget, look),
  ];
}

/** One change from settings such as `near.duration=8m` and `timeZone=UTC`. @throws {UsageError} */
export function changeOf(settings: readonly string[]): ScheduleEdit {
  const kinds: Record<string, Record<string, string>> = {};
  let timeZone: string | undefined;
  for (const setting of settings) {
    const [, name, kind, field, value = ''] = /^((\w+)(?:\.(\w+))?)=(.*)$/s.exec(setting) ?? [];
    if (name === 'timeZone') timeZone = value;
    else if (kind !== undefined && field !== undefined) (kinds[kind] ??= {})[field] = value;
    else throw new UsageError(`"${setting}" must look like near.duration=8m or timeZone=Europe/Stockholm`);
  }
  return {
    ...(timeZone !== undefined && { timeZone }),
    ...(Object.keys(kinds).length > 0 && { kinds }),
  };
}

/** Goals such as `near=60m` and `far=cycle`. @throws {UsageError} */
export function goalsOf(goals: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    goals.map((goal) => {
      const [, kind, within] = /^(\w+)=(.+)$/.exec(goal) ?? [];
      if (kind === undefined || within === undefined)
        throw new UsageError(`"${goal}" must look like near=60m or far=cycle`);
      return [kind, within];
    }),
  );
}
