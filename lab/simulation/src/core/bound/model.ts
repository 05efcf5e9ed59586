import type { Goals } from '@paceline/shared/definition';
import type { TimeSpan } from '@paceline/event-sync/core/classes';
import { type BoundClass, boundClasses, type Group } from './groups.ts';

/** Columns x from 0 to `most`, so that in each row the sum of factor × x is at most the limit. */
export interface LinearProgram {
  readonly most: readonly number[];
  readonly rows: readonly Row[];
}

interface Row {
  readonly terms: readonly Term[];
  readonly limit: number;
}
type Term = readonly [column: number, factor: number];
const plus = (column: number): Term => [column, 1];
const minus = (column: number): Term => [column, -1];

/** A column of fresh events: for `amount` minutes, or at their start. */
export interface FreshColumn {
  readonly column: number;
  readonly isOurs: boolean;
  readonly what: BoundClass | 'atStart';
  readonly amount: number;
}

export interface Model {
  readonly program: LinearProgram;
  readonly fresh: readonly FreshColumn[];
}

const minute = 60_000;

/** A group's calls of the moments [from, until), as the difference of two columns. */
type CallsOf = (from: number, until: number) => Term[];

/**
 * Which events have the calls, as a linear program. The columns of a group are its calls up to and including each moment,
 * so the calls within any time are the difference of two, and rows stay short. Between two times at which a copy is
 * made or becomes too old, as many events of a group are fresh as calls were made within the goal, and at most all.
 * @param moments when copies are made, ascending @param reserved of the moments in each, one call is for others
 */
export function modelOf(
  groups: readonly Group[],
  moments: readonly number[],
  goals: Goals,
  reserved: readonly TimeSpan[],
): Model {
  const most: number[] = [];
  const rows: Row[] = [];
  const fresh: FreshColumn[] = [];
  const add = (upper: number) => most.push(upper) - 1;
  const addRow = (terms: readonly Term[], limit: number) => rows.push({ terms, limit });
  const indexOf = (at: number) => firstFrom(moments, at);

  function addCalls({ spans, beforeStart }: Group): CallsOf {
    const earliest = boundClasses.map((name) => firstAfter(moments, spans[name].from - goals[name]));
    const first = Math.min(indexOf(beforeStart.from), ...earliest);
    const end = indexOf(beforeStart.until);
    const columns = moments.slice(first, end).map(() => add(Infinity));
    for (const column of columns.slice(1)) addRow([plus(column - 1), minus(column)], 0);
    return (from, until) => {
      const last = columns[Math.min(until, end) - 1 - first];
      const before = columns[from - 1 - first];
      if (last === undefined || Math.min(until, end) <= from) return [];
      return before === undefined ? [plus(last)] : [plus(last), minus(before)];
    };
  }

  function addFresh(
    { events, isOurs }: Group,
    calls: readonly Term[],
    what: FreshColumn['what'],
    amount: number,
  ) {
    if (calls.length === 0) return;
    const column = add(events);
    addRow([plus(column), ...calls.map(([each, factor]): Term => [each, -factor])], 0);
    fresh.push({ column, isOurs, what, amount });
  }

  const callsOfGroups = groups.map((group) => {
    const calls = addCalls(group);
    for (const name of boundClasses)
      for (const { from, until } of pieces(group.spans[name], moments, goals[name])) {
        const within = calls(firstAfter(moments, from - goals[name]), firstAfter(moments, from));
        addFresh(group, within, name, (until - from) / minute);
      }
    const { from, until } = group.beforeStart;
    addFresh(group, calls(indexOf(from), indexOf(until)), 'atStart', 1);
    return calls;
  });
  const addLimit = (from: number, until: number, limit: number) =>
    addRow(
      callsOfGroups.flatMap((calls) => calls(from, until)),
      limit,
    );
  for (const index of moments.keys()) addLimit(index, index + 1, 1);
  for (const { from, until } of reserved) {
    const [first, end] = [indexOf(from), indexOf(until)];
    if (end > first) addLimit(first, end, end - first - 1);
  }
  return { program: { most, rows }, fresh };
}

/** A span, cut where a copy is made or becomes older than the goal. */
function pieces({ from, until }: TimeSpan, moments: readonly number[], goal: number): TimeSpan[] {
  if (until <= from) return [];
  const made = moments.slice(firstAfter(moments, from), firstFrom(moments, until));
  const old = moments.slice(firstAfter(moments, from - goal), firstFrom(moments, until - goal));
  const cuts = [from, ...made, ...old.map((at) => at + goal), until].toSorted((a, b) => a - b);
  return cuts
    .slice(1)
    .map((end, index) => ({ from: cuts[index] ?? from, until: end }))
    .filter((piece) => piece.until > piece.from);
}

const firstFrom = (times: readonly number[], at: number): number => countWhile(times, (time) => time < at);
const firstAfter = (times: readonly number[], at: number): number => countWhile(times, (time) => time <= at);

/** How many of the first times an ascending condition holds for. */
function countWhile(times: readonly number[], holds: (time: number) => boolean): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(times[middle] as number)) low = middle + 1;
    else high = middle;
  }
  return low;
}
