import type { ResponseOf, Budget, Clock, Command, Lane, Queue, Schedule } from '@paceline/client';
import {
  availability,
  clockTime,
  dayOf,
  limitText,
  nextInQueue,
  policyText,
  shortTime,
  summary,
} from '@paceline/client/text';
import { budgets, kindNames, kinds, laneNames, lanes } from '@paceline/shared/definition';
import { alertHead } from './events.ts';
import { cut, legend, type Look, markOf, type Paint, wrap } from './look.ts';

export type StatusPart<T> = { readonly is: T } | { readonly away: string };

export interface Status {
  readonly clock: Clock;
  readonly budgets: StatusPart<ResponseOf<'GET /v1/budgets'>>;
  readonly queue: StatusPart<Queue>;
  readonly alerts: StatusPart<ResponseOf<'GET /v1/alerts'>>;
  /** The newest: they name those that wait. */
  readonly commands: StatusPart<ResponseOf<'GET /v1/commands'>>;
  readonly schedule: StatusPart<Schedule>;
}

/** How everything stands, on one screen. @param now project ms */
export function statusLines({ clock, ...parts }: Status, now: number, look: Look): string[] {
  const { queue, alerts, commands, schedule } = parts;
  const { paint } = look;
  const open = 'is' in commands ? commands.is.items.filter(({ finishedAt }) => finishedAt === null) : [];
  const pace = clock.scale === 1 ? '' : `, ${clock.scale} times faster than yours`;
  return [
    `${paint.strong('Paceline')}  ${dayOf(now)} ${clockTime(now)} UTC${paint.quiet(pace)}`,
    '',
    ...part(parts.budgets, look, ({ items }) => [
      ...wrap(summary(items, now), look.width),
      '',
      ...items.flatMap((budget) => windowLines(budget, open, now, look)),
      '',
    ]),
    ...part(queue, look, (found) => [`In line  ${queueWords(found, look)}`]),
    ...part(schedule, look, (found) => [`Syncs    ${syncWords(found, look)}`]),
    ...part(alerts, look, ({ items }) =>
      items.length === 0
        ? ['Alerts   none']
        : items.map((alert, index) => `${index === 0 ? 'Alerts ' : '       '}  ${alertHead(alert, paint)}`),
    ),
    '',
    ...legend(look),
  ];
}

const part = <T>(found: StatusPart<T>, { paint }: Look, lines: (is: T) => string[]): string[] =>
  'is' in found ? lines(found.is) : [paint.wrong(found.away)];

const labelWidth = Math.max(...Object.values(budgets).map(({ label }) => label.length)) + 2;
const wordsWidth = 22;
/** Below this a bar has a line of its own. */
const narrow = 64;

export function windowLines(budget: Budget, open: readonly Command[], now: number, look: Look): string[] {
  const { paint, width } = look;
  const { state, text: says, reason } = availability(budget, now);
  const { available, policy } = budget;
  const count = state === 'free' && policy.limit > 1 ? `, ${available} of ${policy.limit}` : '';
  const isWrong = budget.pausedUntil.upstream !== null && state === 'closed';
  const stands = (isWrong ? paint.wrong : state === 'free' ? paint.strong : paint.quiet)(says + count);
  const name = budgets[budget.budget].label;
  const bar = (cells: number) => drawBar(barOf(budget, now, cells), paint);
  const about = [
    ...(reason === undefined ? [] : [reason]),
    policy.from === 'documented' ? limitText(policy) : policyText(budget),
    nextInQueue(budget, open),
  ].join(' · ');
  // What is as documented needs no eye.
  const asUsual = reason === undefined && policy.from === 'documented';
  const below = (indent: number) =>
    ' '.repeat(indent) + (asUsual ? paint.quiet : (text: string) => text)(cut(about, width - indent));
  if (width < narrow) {
    return [`${paint.strong(name)}  ${stands}`, bar(odd(width)), below(0)];
  }
  return [
    `${name.padEnd(labelWidth)}${bar(odd(width - labelWidth - wordsWidth - 2))}  ${stands}`,
    below(labelWidth),
  ];
}

/** The largest odd number up to this: a bar has now in its middle. */
const odd = (cells: number): number => cells - 1 + (cells % 2);

function queueWords(queue: Queue, { paint }: Look): string {
  const waiting = queue.budgets.flatMap((budget) => budget.lanes);
  const counts = laneNames
    .map((lane) => ({ lane, count: countOf(waiting, lane) }))
    .filter(({ count }) => count > 0);
  if (counts.length === 0) return 'nobody';
  return counts.map(({ lane, count }) => paint.lane(lane, `${count} ${lanes[lane].label}`)).join(' · ');
}

const countOf = (waiting: Queue['budgets'][number]['lanes'], lane: Lane): number =>
  waiting.reduce((sum, each) => sum + (each.lane === lane ? each.waiting : 0), 0);

function syncWords({ kinds: settings, next, from }: Schedule, { paint }: Look): string {
  const words = kindNames.map((kind) => {
    const { mode } = settings[kind];
    const opens = next[kind][0];
    const soon = opens === undefined ? '' : paint.quiet(` at ${shortTime(opens.opensAt)}`);
    return mode === 'on' ? `${paint.lane(kinds[kind].lane, kind)}${soon}` : `${kind} ${paint.strong(mode)}`;
  });
  return words.join(' · ') + (from === 'changed' ? paint.quiet(' (schedule changed by hand)') : '');
}

/** One cell of a bar; `calls` and `expected` are the lanes of those that fall into it. */
export interface BarCell {
  readonly is: 'held' | 'now' | 'free' | 'closed';
  readonly calls: readonly Lane[];
  readonly expected: readonly Lane[];
}

/** One window length back, now, and one ahead, as cells. @param width odd: now is in the middle */
export function barOf(budget: Budget, now: number, width: number): BarCell[] {
  const span = budget.policy.windowSeconds * 1_000;
  const middle = Math.floor(width / 2);
  const cellMs = span / Math.max(1, middle);
  const placeOf = (moment: number) => middle + Math.trunc((moment - now) / cellMs);
  const calls = Map.groupBy(
    budget.permits.map(({ lane, startedAt, leavesAt, settled }) => {
      const from = settled ? Date.parse(leavesAt) - span : Date.parse(startedAt);
      return { lane, place: Math.min(middle - 1, Math.max(0, placeOf(from))) };
    }),
    ({ place }) => place,
  );
  const expected = Map.groupBy(
    budget.waiting.next.map(({ lane, estimatedAt }) => ({
      lane,
      place: Math.max(middle + 1, placeOf(Date.parse(estimatedAt))),
    })),
    ({ place }) => place,
  );
  const closedUntil = Math.max(
    ...[budget.pausedUntil.upstream, budget.pausedUntil.operator, budget.unknownUntil].map(momentOf),
  );
  const freeAt = momentOf(budget.freeAt);
  return Array.from({ length: width }, (_, place): BarCell => {
    const at = now + (place - middle) * cellMs;
    const is =
      place === middle
        ? 'now'
        : place < middle
          ? 'held'
          : at < closedUntil
            ? 'closed'
            : at < freeAt
              ? 'held'
              : 'free';
    const lanesAt = (found: typeof calls) => (found.get(place) ?? []).map(({ lane }) => lane);
    return { is, calls: lanesAt(calls), expected: lanesAt(expected) };
  });
}

const momentOf = (text: string | null): number => (text === null ? 0 : Date.parse(text));

export const drawBar = (cells: readonly BarCell[], paint: Paint): string =>
  cells.map((cell) => draw(cell, paint)).join('');

function draw({ is, calls, expected }: BarCell, paint: Paint): string {
  if (is === 'now') return paint.strong('│');
  if (calls.length > 0) return several(calls, paint, '┃');
  if (is === 'closed') return paint.quiet('╱');
  if (expected.length > 0) return several(expected, paint, '╎');
  return paint.quiet(is === 'held' ? '─' : '·');
}

/** One call is a mark, several in one cell are counted; the color is that of the most urgent. */
function several(found: readonly Lane[], paint: Paint, stroke: string): string {
  const lane = laneNames.find((each) => found.includes(each));
  if (lane === undefined) return '';
  if (found.length === 1) return markOf(paint, lane, stroke);
  return paint.lane(lane, found.length > 9 ? '+' : String(found.length));
}
