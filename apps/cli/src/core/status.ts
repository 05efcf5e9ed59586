import { budgetWords, laneOf, lanes, laneWords } from '@paceline/dashboard/palette';
import { clockTime, dayOf, length } from '@paceline/dashboard/words/time';
import { nextInLine, policyWords, standing, summary } from '@paceline/dashboard/words/windows';
import type { Alert, Budget, Clock, Command, Lane, List, Queue, Schedule, SyncKind } from '../api/shapes.ts';
import { alertHead } from './alert-lines.ts';
import { cut, legend, type Look, wrap } from './look.ts';
import { barOf, drawBar } from './window-bar.ts';

/** Something that was asked for, or why it could not be had. */
export type Part<T> = { readonly is: T } | { readonly away: string };

/** What the status is drawn from. */
export interface Standing {
  readonly clock: Clock;
  readonly budgets: Part<List<Budget>>;
  readonly queue: Part<Queue>;
  readonly alerts: Part<List<Alert>>;
  /** The newest: names those who wait. */
  readonly commands: Part<List<Command>>;
  readonly schedule: Part<Schedule>;
}

/** How everything stands, on one screen. @param now project ms */
export function statusLines({ clock, ...parts }: Standing, now: number, look: Look): string[] {
  const { budgets, queue, alerts, commands, schedule } = parts;
  const { paint } = look;
  const open = 'is' in commands ? commands.is.items.filter(({ finishedAt }) => finishedAt === null) : [];
  const pace = clock.scale === 1 ? '' : `, ${clock.scale} times faster than yours`;
  return [
    `${paint.strong('Paceline')}  ${dayOf(now)} ${clockTime(now)} UTC${paint.quiet(pace)}`,
    '',
    ...part(budgets, look, ({ items }) => [
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

const part = <T>(found: Part<T>, { paint }: Look, lines: (is: T) => string[]): string[] =>
  'is' in found ? lines(found.is) : [paint.wrong(found.away)];

const labelWidth = Math.max(...Object.values(budgetWords).map((words) => words.length)) + 2;
const wordsWidth = 22;
/** Below this a bar has a line of its own. */
const narrow = 64;

/** One window: its bar with what may be done now beside it, its policy and who is next below. */
export function windowLines(budget: Budget, open: readonly Command[], now: number, look: Look): string[] {
  const { paint, width } = look;
  const { state, words, why } = standing(budget, now);
  const { available, policy } = budget;
  const count = state === 'free' && policy.limit > 1 ? `, ${available} of ${policy.limit}` : '';
  const isWrong = budget.pausedUntil.upstream !== null && state === 'closed';
  const stands = (isWrong ? paint.wrong : state === 'free' ? paint.strong : paint.quiet)(words + count);
  const name = budgetWords[budget.budget];
  const bar = (cells: number) => drawBar(barOf(budget, now, cells), paint);
  const about = [
    ...(why === undefined ? [] : [why]),
    policy.from === 'documented' ? limitWords(budget) : policyWords(budget),
    nextInLine(budget, open),
  ].join(' · ');
  // What is as documented needs no eye.
  const asUsual = why === undefined && policy.from === 'documented';
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

const limitWords = ({ policy: { limit, windowSeconds } }: Budget) =>
  `${limit} per ${length(windowSeconds * 1_000)}`;

/** The largest odd number up to this: a bar has now in its middle. */
const odd = (cells: number): number => cells - 1 + (cells % 2);

/** Who waits, lane by lane. */
function queueWords({ budgets }: Queue, { paint }: Look): string {
  const waiting = budgets.flatMap((budget) => budget.lanes);
  const counts = lanes
    .map((lane) => ({ lane, count: countOf(waiting, lane) }))
    .filter(({ count }) => count > 0);
  if (counts.length === 0) return 'nobody';
  return counts.map(({ lane, count }) => paint.lane(lane, `${count} ${laneWords[lane]}`)).join(' · ');
}

const countOf = (waiting: Queue['budgets'][number]['lanes'], lane: Lane): number =>
  waiting.reduce((sum, each) => sum + (each.lane === lane ? each.waiting : 0), 0);

/** Which kinds of sync are on; those that are not stand out. */
function syncWords({ kinds, next, from }: Schedule, { paint }: Look): string {
  const words = (Object.keys(kinds) as SyncKind[]).map((kind) => {
    const { mode } = kinds[kind];
    const opens = next[kind][0];
    const soon =
      opens === undefined ? '' : paint.quiet(` at ${clockTime(Date.parse(opens.opensAt)).slice(0, 5)}`);
    return mode === 'on' ? `${paint.lane(laneOf[kind], kind)}${soon}` : `${kind} ${paint.strong(mode)}`;
  });
  return words.join(' · ') + (from === 'changed' ? paint.quiet(' (schedule changed by hand)') : '');
}
