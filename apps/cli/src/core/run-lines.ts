import { laneOf } from '@paceline/dashboard/palette';
import { kindWords, lasted, outcome } from '@paceline/dashboard/words/runs';
import { clockTime, dayOf, length } from '@paceline/dashboard/words/time';
import type { Call, Run, RunDetail } from '../api/shapes.ts';
import { type Look, wrap } from './look.ts';
import { table } from './table.ts';

/** As much of an id as tells runs apart. */
const shortId = (id: string): string => id.slice(0, 8);

/** Runs, newest first. @param now project ms */
export function runsLines(runs: readonly Run[], now: number, look: Look): string[] {
  const { paint } = look;
  if (runs.length === 0) return ['No run is like that.'];
  const rows = runs.map((run) => [
    { text: shortId(run.id), paint: paint.quiet },
    `${dayOf(Date.parse(run.startedAt))} ${clockTime(Date.parse(run.startedAt)).slice(0, 5)}`,
    { text: kindWords[run.kind], paint: (text: string) => paint.lane(laneOf[run.kind], text) },
    {
      text: run.state,
      paint: run.state === 'failed' ? paint.wrong : run.state === 'running' ? paint.strong : paint.quiet,
    },
    lasted(run, now),
    { text: outcome(run), paint: run.error === null ? (text: string) => text : paint.wrong },
  ]);
  return table(['run', 'began', 'sync', 'state', 'took', 'what came of it'], rows, look);
}

/** One run and every call that it made, with why it made that one. */
export function runLines(run: RunDetail, now: number, look: Look): string[] {
  const { paint, width } = look;
  const { slot, calls } = run;
  const title = `${paint.lane(laneOf[run.kind], kindWords[run.kind])} ${run.state === 'failed' ? paint.wrong(run.state) : run.state}`;
  const from = (text: string) => clockTime(Date.parse(text));
  return [
    `${title}  ${outcome(run)}`,
    paint.quiet(`${run.id}, ${dayOf(Date.parse(run.startedAt))} ${from(run.startedAt)}, ${lasted(run, now)}`),
    ...(run.traceId === null ? [] : [paint.quiet(`trace ${run.traceId}`)]),
    paint.quiet(`slot ${from(slot.scheduledFor)}–${from(slot.endsAt)} UTC  ${slot.id}`),
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

function row({ startedAt, endpoint, target, status, message, durationMs, because }: Call, { paint }: Look) {
  const good = status !== null && status < 400;
  const answer = good ? String(status) : [status, message].filter((each) => each !== null).join(' ');
  return [
    clockTime(Date.parse(startedAt)),
    endpoint,
    target,
    { text: answer, paint: good ? paint.quiet : paint.wrong },
    { text: length(durationMs), paint: paint.quiet },
    because?.replaceAll('_', ' ') ?? '',
  ];
}
