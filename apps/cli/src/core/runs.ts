import type { Failures, Run, RunDetail, TriggeredRun } from '@paceline/client';
import {
  clockTime,
  dayAndTime,
  dayOf,
  duration,
  elapsed,
  hasFailed,
  outcome,
  sentenceCase,
  shortTime,
  timeRange,
  whyText,
} from '@paceline/client/text';
import { kinds } from '@paceline/shared/definition';
import { type TextStyle, table, wrap } from './look.ts';
import { shortId } from './requests.ts';

/** Runs as a table. @param now project ms */
export function runsLines(runs: readonly Run[], now: number, look: TextStyle): string[] {
  const { paint } = look;
  if (runs.length === 0) return ['No runs found.'];
  const rows = runs.map((run) => [
    { text: shortId(run.runId), paint: paint.muted },
    `${dayOf(run.startedAt)} ${shortTime(run.startedAt)}`,
    { text: kinds[run.kind].label, paint: (text: string) => paint.lane(kinds[run.kind].lane, text) },
    {
      text: run.state.replace('_', ' '),
      paint: hasFailed(run) ? paint.error : run.state === 'running' ? paint.bold : paint.muted,
    },
    elapsed(run, now),
    { text: outcome(run), paint: run.reason === null ? (text: string) => text : paint.error },
  ]);
  return table(['run', 'started', 'sync', 'state', 'took', 'result'], rows, look);
}

/** Empty for the calls for urgent events, which belong to none. */
function ownerOf({ runId, commandId, program }: Failures['items'][number]): string {
  if (runId !== null) return `run ${shortId(runId)}`;
  if (commandId !== null) return `request ${shortId(commandId)}`;
  return program === null ? '' : `program ${program}`;
}

export function failureLines({ items, since, complete }: Failures, look: TextStyle): string[] {
  const from = `${dayOf(since)} ${shortTime(since)}`;
  if (items.length === 0) return [`Nothing has failed since ${from} UTC.`];
  const rows = items.map((failure) => [
    `${dayOf(failure.at)} ${shortTime(failure.at)}`,
    failure.what,
    { text: failure.reason, paint: look.paint.error },
    { text: ownerOf(failure), paint: look.paint.muted },
  ]);
  const rest = complete ? [] : ['There are more: use --limit or a shorter --since.'];
  return [...table(['at', 'failed', 'reason', 'part of'], rows, look), ...rest];
}

/** The run that a trigger or a retry requested. */
export const triggeredLines = ({ runId, already, reason }: TriggeredRun, look: TextStyle): string[] => [
  `Run ${shortId(runId)} ${already ? 'was requested before' : 'requested'}${reason === null ? '' : `, waiting: ${reason}`}`,
  look.paint.muted(`paceline run ${shortId(runId)} shows it once it has started.`),
];

export function runLines(run: RunDetail, now: number, look: TextStyle): string[] {
  const { paint, width } = look;
  const { slot, calls } = run;
  const title = `${paint.lane(kinds[run.kind].lane, sentenceCase(kinds[run.kind].label))} ${hasFailed(run) ? paint.error(run.state.replace('_', ' ')) : run.state}`;
  return [
    `${title}  ${outcome(run)}`,
    paint.muted(`${run.runId}, ${dayAndTime(run.startedAt)}, ${elapsed(run, now)}`),
    ...(run.traceId === null ? [] : [paint.muted(`trace ${run.traceId}`)]),
    paint.muted(`slot ${timeRange(slot.opensAt, slot.closesAt)} UTC  ${slot.slotId}`),
    '',
    ...(calls.length === 0
      ? ['No calls.']
      : table(
          ['at', 'call', 'target', 'response', 'took', 'reason'],
          calls.map((call) => row(call, look)),
          look,
        )),
    ...unreadableLines(run, look),
    ...calls.flatMap(({ rawStart, target }) =>
      rawStart === null
        ? []
        : [
            '',
            `Start of the response for ${target}:`,
            ...wrap(rawStart, width - 2).map((line) => `  ${line}`),
          ],
    ),
  ];
}

/** The skipped items of all calls, each with the reason. */
function unreadableLines({ calls }: RunDetail, look: TextStyle): string[] {
  const rows = calls.flatMap(({ target, unreadable }) =>
    unreadable.map(({ id, reason }) => [id ?? 'no id', target, reason]),
  );
  return rows.length === 0 ? [] : ['', ...table(['unreadable', 'in the response for', 'reason'], rows, look)];
}

function row(
  { startedAt, budget, target, status, message, durationSeconds, ...call }: RunDetail['calls'][number],
  { paint }: TextStyle,
) {
  const isOk = status !== null && status < 400;
  const response = isOk ? String(status) : [status, message].filter((each) => each !== null).join(' ');
  return [
    clockTime(startedAt),
    budget,
    target,
    { text: response, paint: isOk ? paint.muted : paint.error },
    { text: duration(durationSeconds * 1_000), paint: paint.muted },
    whyText(call, startedAt) ?? '',
  ];
}
