import type { Run, RunDetail } from '@paceline/client';
import { budgets } from '@paceline/shared/definition';
import { whyText } from '@paceline/client/text';
import { truncate, timeAxis } from '../parts/layout.ts';
import { utcText } from '../parts/zone.ts';

const rowHeight = 34;

/** The calls of a run below each other, each with its wait for a permit and its duration. */
export function layoutWaterfall(run: RunDetail, now: number, width: number) {
  const startedAt = Date.parse(run.startedAt);
  const ends = run.calls.map(
    ({ startedAt, durationSeconds }) => Date.parse(startedAt) + durationSeconds * 1_000,
  );
  const end = run.finishedAt === null ? now : Date.parse(run.finishedAt);
  const axis = timeAxis(startedAt, Math.max(startedAt + 1_000, end, ...ends), width);
  const rows = run.calls.map((call, index) => {
    const start = Date.parse(call.startedAt);
    return {
      callId: call.callId,
      y: index * rowHeight,
      /** The wait for a permit starts at the end of the previous call, or at the start of the run. */
      waitX: axis.x(Math.min(start, ends[index - 1] ?? startedAt)),
      startX: axis.x(start),
      endX: Math.max(axis.x(start) + 2, axis.x(start + call.durationSeconds * 1_000)),
      isFailed: call.status === null || call.status >= 400,
      text: truncate(callText(call), width),
      utc: utcText(call.startedAt),
    };
  });
  return { axis, rows, height: Math.max(1, rows.length) * rowHeight };
}

type RunCall = RunDetail['calls'][number];

/** e.g. `signups of event Crit City Race, no copy yet, fresh until the start · 200, 36 signups` */
export function callText({ budget, target, startedAt, status, message, ...chosen }: RunCall): string {
  const call = `${budgets[budget as keyof typeof budgets]?.fetches ?? budget} ${chosen.event?.title ?? target}`;
  const why = whyText(chosen, startedAt);
  return `${[call, why].filter(Boolean).join(', ')} · ${status === null ? '' : `${status}, `}${message}`;
}

/** How much of a run is done, 0 to 1, and how many of its clubs or events remain. */
export function runProgress({ counts: { planned, synced, failed, deferred } }: Run) {
  const finished = synced + failed + deferred;
  return {
    share: planned === 0 ? 0 : Math.min(1, finished / planned),
    remaining: Math.max(0, planned - finished),
  };
}
