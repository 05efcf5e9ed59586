import type { BudgetName, RunDetail } from '@paceline/client';
import { budgets } from '@paceline/shared/definition';
import { fitted, timeAxis, type TimeAxis } from '../parts/layout.ts';

export interface WaterfallShape {
  readonly axis: TimeAxis;
  readonly rows: readonly CallShape[];
  readonly height: number;
  /** Until when its slot is open. */
  readonly slotEndX: number;
}

export interface CallShape {
  readonly id: number;
  /** Where its words stand; its bar is below them. */
  readonly y: number;
  /** From the end of the call before, or the begin of the run: what it waited for a permit. */
  readonly waitX: number;
  readonly startX: number;
  readonly endX: number;
  readonly wrong: boolean;
  readonly words: string;
}

const rowHeight = 34;

/** The calls of a run one below the other: how long each waited for its permit, and how long it took. */
export function layoutWaterfall(run: RunDetail, now: number, width: number): WaterfallShape {
  const begin = Date.parse(run.startedAt);
  const ends = run.calls.map(({ startedAt, durationMs }) => Date.parse(startedAt) + durationMs);
  const end = run.finishedAt === null ? now : Date.parse(run.finishedAt);
  const axis = timeAxis(begin, Math.max(begin + 1_000, end, ...ends), width);
  const rows = run.calls.map((call, index): CallShape => {
    const start = Date.parse(call.startedAt);
    return {
      id: call.id,
      y: index * rowHeight,
      waitX: axis.x(Math.min(start, ends[index - 1] ?? begin)),
      startX: axis.x(start),
      endX: Math.max(axis.x(start) + 2, axis.x(start + call.durationMs)),
      wrong: isWrong(call),
      words: fitted(callWords(call), width),
    };
  });
  return {
    axis,
    rows,
    height: Math.max(1, rows.length) * rowHeight,
    slotEndX: axis.x(Date.parse(run.slot.endsAt)),
  };
}

type Call = RunDetail['calls'][number];

export const isWrong = ({ status }: Call): boolean => status === null || status >= 400;

/** e.g. `signups of event 24940950, oldest copy · 200, 36 signups` */
export function callWords({ endpoint, target, because, status, message }: Call): string {
  const asked = `${budgets[endpoint as BudgetName]?.fetches ?? endpoint} ${target}`;
  const reason = because === null ? '' : `, ${because.replaceAll('_', ' ')}`;
  return `${asked}${reason} · ${status === null ? '' : `${status}, `}${message}`;
}
