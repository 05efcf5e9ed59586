import { sum } from '@paceline/kit/statistics';
import { type Goals, mapValues } from '@paceline/shared/definition';
import type { Weights } from '@paceline/event-sync/core/call-plan/worth';
import type { TimeSpan } from '@paceline/event-sync/core/classes';
import { mostFresh } from './far.ts';
import type { Group } from './groups.ts';
import { type FreshColumn, type LinearProgram, modelOf } from './model.ts';

/** @returns the column values with the largest sum of gain × value */
export type Solve = (program: LinearProgram, gains: readonly number[]) => ArrayLike<number>;

/** Event minutes, or events at their start. */
interface Amounts {
  readonly total: number;
  /** Fresh in the joint optimum. */
  readonly joint: number;
  /** Fresh at most, if nothing else counts. */
  readonly alone: number;
}

const eventSets = { all: true, ours: true } as const;
type EventSet = keyof typeof eventSets;

/** The columns that each row counts; far events have none, see `mostFresh`. */
const rowColumns = {
  urgent: ['urgent'],
  near: ['near'],
  lastHour: ['urgent', 'near'],
  far: [],
  atStart: ['atStart'],
} as const satisfies Record<string, ReadonlyArray<FreshColumn['what']>>;
type BoundRow = keyof typeof rowColumns;

export type PerRow<Value> = Readonly<Record<EventSet, Readonly<Record<BoundRow, Value>>>>;
export type BoundAmounts = PerRow<Amounts>;
export type Bound = PerRow<{ readonly joint: number; readonly alone: number }>;

/** The calls that can be made. */
export interface Calls {
  /** When their copies are made, ascending. */
  readonly moments: readonly number[];
  /** In each of these times one call is for far events. */
  readonly forFar: readonly TimeSpan[];
  /** The most within the far goal. */
  readonly mostForFar: number;
}

/** As in the shipped strategy. */
interface Rules {
  readonly goals: Goals;
  readonly weights: Weights;
}

const minute = 60_000;

/** The optimum of groups of events; see `modelOf`. */
export function boundOf(
  groups: readonly Group[],
  { moments, forFar, mostForFar }: Calls,
  { goals, weights }: Rules,
  solve: Solve,
): BoundAmounts {
  const { program, fresh } = modelOf(groups, moments, goals, forFar);
  const solveFor = (gainOf: (column: FreshColumn) => number): ArrayLike<number> => {
    if (fresh.length === 0) return [];
    const gains = program.most.map(() => 0);
    for (const each of fresh) gains[each.column] = gainOf(each) * each.amount;
    return solve(program, gains);
  };
  const worth = { urgent: weights.urgent, near: 1, atStart: weights.start };
  const joint = solveFor(({ isOurs, what }) => (isOurs ? weights.ours : 1) * worth[what]);
  return perRow((counts, set, row) => {
    const counted = groups.filter(({ isOurs }) => isOurs || set === 'all');
    const total = totalOf(counted, row);
    if (row === 'far') {
      const most = mostFresh(counted, mostForFar) / minute;
      return { total, joint: most, alone: most };
    }
    const reached = (values: ArrayLike<number>) =>
      sum(fresh.filter(counts).map(({ column, amount }) => (values[column] ?? 0) * amount));
    const alone = solveFor((column) => Number(counts(column)));
    return { total, joint: reached(joint), alone: reached(alone) };
  });
}

/** The shares of all days together. */
export const sharesOf = (days: readonly BoundAmounts[]): Bound =>
  perRow((_, set, row) => {
    const added = (name: keyof Amounts) => sum(days.map((amounts) => amounts[set][row][name]));
    const total = added('total');
    const shareOf = (name: keyof Amounts) => (total === 0 ? 1 : added(name) / total);
    return { joint: shareOf('joint'), alone: shareOf('alone') };
  });

function totalOf(groups: readonly Group[], row: BoundRow): number {
  const classes = row === 'far' ? (['far'] as const) : rowColumns[row];
  return sum(
    groups.map(({ events, spans, beforeStart }) => {
      const amounts = {
        ...mapValues(spans, (span) => lengthOf(span) / minute),
        atStart: Math.sign(lengthOf(beforeStart)),
      };
      return events * sum(classes.map((what) => amounts[what]));
    }),
  );
}

const lengthOf = ({ from, until }: TimeSpan): number => Math.max(0, until - from);

const perRow = <Value>(
  valueOf: (counts: (column: FreshColumn) => boolean, set: EventSet, row: BoundRow) => Value,
): PerRow<Value> =>
  mapValues(eventSets, (_all, set) =>
    mapValues(rowColumns, (columns: ReadonlyArray<FreshColumn['what']>, row) =>
      valueOf(({ isOurs, what }) => (isOurs || set === 'all') && columns.includes(what), set, row),
    ),
  );
