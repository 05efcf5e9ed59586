import type { Run, RunDetail } from '@paceline/client';
import { clockTime, dayAndTime, dayOf, duration, elapsed, outcome, shortTime } from '@paceline/client/text';
import { kinds } from '@paceline/shared/definition';
import { type Look, table, wrap } from './look.ts';

const shortId = (id: string): string => id.slice(0, 8);

/** Runs, newest first. @param now project ms */
export function runsLines(runs: readonly Run[], now: number, look: Look): string[] {
  const { paint } = look;
  if (runs.length === 0) return ['No run is like that.'];
  const rows = runs.map((run) => [
    { text: shortId(run.id), paint: paint.quiet },
    `${dayOf(run.startedAt)} ${shortTime(run.startedAt)}`,
    { text: kinds[run.kind].label, paint: (text: string) => paint.lane(kinds[run.kind].lane, text) },
    {
      text: run.state,
      paint: run.state === 'failed' ? paint.wrong : run.state === 'running' ? paint.strong : paint.quiet,
    },
    elapsed(run, now),
    { text: outcome(run), paint: run.error === null ? (text: string) => text : paint.wrong },
  ]);
  return table(['run', 'began', 'sync', 'state', 'took', 'what came of it'], rows, look);
}

export function runLines(run: RunDetail, now: number, look: Look): string[] {
  const { paint, width } = look;
  const { slot, calls } = run;
  const title = `${paint.lane(kinds[run.kind].lane, kinds[run.kind].label)} ${run.state === 'failed' ? paint.wrong(run.state) : run.state}`;
  return [
    `${title}  ${outcome(run)}`,
    paint.quiet(`${run.id}, ${dayAndTime(run.startedAt)}, ${elapsed(run, now)}`),
    ...(run.traceId === null ? [] : [paint.quiet(`trace ${run.traceId}`)]),
    paint.quiet(`slot ${clockTime(slot.scheduledFor)}–${clockTime(slot.endsAt)} UTC  ${slot.id}`),
    '',
    ...(calls.length === 0
      ? ['It has called nothing.']
      : table(
          ['at', 'call', 'for', 'answer', 'took', 'because'],
          calls.map((call) => row(call, look)),
          look,
        )),
    ...calls.flatMap(({ rawStart, target }) =>
      rawStart === null
        ? []
        : ['', `The answer for ${target} began:`, ...wrap(rawStart, width - 2).map((line) => `  ${line}`)],
    ),
  ];
}

function row(
  { startedAt, endpoint, target, status, message, durationMs, because }: RunDetail['calls'][number],
  { paint }: Look,
) {
  const good = status !== null && status < 400;
  const answer = good ? String(status) : [status, message].filter((each) => each !== null).join(' ');
  return [
    clockTime(startedAt),
    endpoint,
    target,
    { text: answer, paint: good ? paint.quiet : paint.wrong },
    { text: duration(durationMs), paint: paint.quiet },
    because?.replaceAll('_', ' ') ?? '',
  ];
}
