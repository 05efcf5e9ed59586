import { laneOf } from '@paceline/dashboard/palette';
import { clockTime, dayOf, length } from '@paceline/dashboard/words/time';
import type { Judged, Schedule, Settings, SyncKind } from '../api/shapes.ts';
import { type Look, wrap } from './look.ts';
import { table } from './table.ts';

const kindCell = (kind: SyncKind, { paint }: Look) => ({
  text: kind,
  paint: (text: string) => paint.lane(laneOf[kind], text),
});
const whole = (number: number): string => String(Math.round(number));
const every = (seconds: number | null): string => (seconds === null ? 'never' : length(seconds * 1_000));

/** The slots of all kinds, in the words of the configuration. */
export function settingsLines({ timeZone, kinds }: Settings, look: Look): string[] {
  const rows = (Object.keys(kinds) as SyncKind[]).map((kind) => {
    const { mode, opens, duration, skip, catchUp } = kinds[kind];
    return [kindCell(kind, look), mode, opens, duration, skip || '-', catchUp];
  });
  return [
    `Slots (${timeZone})`,
    ...table(['sync', 'mode', 'opens', 'for', 'left out', 'missed ones'], rows, look),
  ];
}

/** The schedule in force, and what opens next. */
export function scheduleLines(schedule: Schedule, look: Look): string[] {
  const { version, from, since, next } = schedule;
  const { paint } = look;
  const when = since === null ? '' : ` since ${dayOf(Date.parse(since))} ${clockTime(Date.parse(since))}`;
  const rows = (Object.keys(next) as SyncKind[]).map((kind) => [
    kindCell(kind, look),
    next[kind].map(({ opensAt, endsAt }) => `${short(opensAt)}–${short(endsAt)}`).join('  ') || 'off',
  ]);
  return [
    `Version ${version}, ${from === 'changed' ? 'changed by hand' : 'as configured'}${when}`,
    '',
    ...settingsLines(schedule, look),
    '',
    paint.quiet('Next'),
    ...table([], rows, look),
  ];
}

const short = (text: string): string => clockTime(Date.parse(text)).slice(0, 5);

/** A judged schedule: its slots, what is wrong with them, what a busy day comes to, and how it would pass. */
export function judgedLines(
  { settings, findings, forecast, repaired, promises }: Judged,
  look: Look,
): string[] {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const kept = Object.entries(promises).map(([kind, within]) => `${kind} ${within}`);
  return [
    ...settingsLines(settings, look),
    '',
    ...findingLines(findings, look),
    'What a busy day comes to',
    ...forecastLines(forecast, look),
    '',
    ...(errors === 0
      ? [look.paint.strong('No errors: what is promised can be kept.')]
      : [
          look.paint.wrong(`${errors} ${errors === 1 ? 'error' : 'errors'}.`),
          `This would pass: --set ${differences(settings, repaired).join(' --set ')}`,
          ...(kept.length > 0 ? [`It keeps: ${kept.join(', ')}`] : []),
        ]),
  ];
}

/** What is wrong, each with its example moment by moment. */
export function findingLines(findings: Judged['findings'], { paint, width }: Look): string[] {
  return findings.flatMap(({ severity, message, timeline }) => [
    ...wrap(`${severity}: ${message}`, width).map((line) =>
      severity === 'error' ? paint.wrong(line) : line,
    ),
    ...timeline.map(({ at, says }) => `  ${paint.quiet(`${dayOf(Date.parse(at))} ${short(at)}`)}  ${says}`),
    '',
  ]);
}

/** The settings of `other` that are not those of `one`, as `--set` takes them. */
export function differences(one: Settings, other: Settings): string[] {
  return (Object.keys(other.kinds) as SyncKind[]).flatMap((kind) =>
    Object.entries(other.kinds[kind])
      .filter(([field, value]) => one.kinds[kind][field as keyof Settings['kinds'][SyncKind]] !== value)
      .map(([field, value]) => `'${kind}.${field}=${value}'`),
  );
}

function forecastLines({ kinds, budgets }: Judged['forecast'], look: Look): string[] {
  const byKind = kinds.map((each) => [
    kindCell(each.kind, look),
    whole(each.things),
    whole(each.slotsADay),
    each.fewestCalls === each.mostCalls
      ? whole(each.mostCalls)
      : `${whole(each.fewestCalls)}–${whole(each.mostCalls)}`,
    whole(each.callsADay),
    every(each.oldestSeconds),
    each.promisedSeconds === null ? '-' : every(each.promisedSeconds),
  ]);
  const byBudget = budgets.map(({ budget, policy, allowed, wanted, urgent, room, used }) => [
    budget,
    `${policy.limit} per ${length(policy.windowSeconds * 1_000)}`,
    whole(allowed),
    whole(Object.values(wanted).reduce((sum, each) => sum + each, urgent)),
    whole(room),
    `${whole(100 * used)} %`,
  ]);
  return [
    ...table(
      ['sync', 'to refresh', 'slots', 'calls a slot', 'calls', 'refreshed every', 'promised'],
      byKind,
      look,
    ),
    '',
    ...table(['budget', 'limit', 'allowed', 'wanted', 'room for', 'used'], byBudget, look),
  ];
}
