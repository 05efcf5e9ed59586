import type { BudgetName, RunDetail } from '@paceline/client';
import { budgets } from '@paceline/shared/definition';
import { fitted, timeAxis } from '../parts/layout.ts';

const rowHeight = 34;

/** The calls of a run one below the other: how long each waited for its permit, and how long it took. */
export function layoutWaterfall(run: RunDetail, now: number, width: number) {
  const begin = Date.parse(run.startedAt);
  const ends = run.calls.map(({ startedAt, durationMs }) => Date.parse(startedAt) + durationMs);
  const end = run.finishedAt === null ? now : Date.parse(run.finishedAt);
  const axis = timeAxis(begin, Math.max(begin + 1_000, end, ...ends), width);
  const rows = run.calls.map((call, index) => {
    const start = Date.parse(call.startedAt);
    return {
      id: call.id,
      y: index * rowHeight,
      /** From the end of the call before, or the begin of the run: what it waited for a permit. */
      waitX: axis.x(Math.min(start, ends[index - 1] ?? begin)),
      startX: axis.x(start),
      endX: Math.max(axis.x(start) + 2, axis.x(start + call.durationMs)),
      wrong: call.status === null || call.status >= 400,
      words: fitted(callWords(call), width),
    };
  });
  return { axis, rows, height: Math.max(1, rows.length) * rowHeight };
}

type RunCall = RunDetail['calls'][number];

/** e.g. `signups of event 24940950, oldest copy · 200, 36 signups` */
export function callWords({ endpoint, target, because, status, message }: RunCall): string {
  const asked = `${budgets[endpoint as BudgetName]?.fetches ?? endpoint} ${target}`;
  const reason = because === null ? '' : `, ${because.replaceAll('_', ' ')}`;
  return `${asked}${reason} · ${status === null ? '' : `${status}, `}${message}`;
}
