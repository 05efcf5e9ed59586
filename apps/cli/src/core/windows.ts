import {
  type ResponseOf,
  type Budget,
  type Clock,
  type Command,
  type Health,
  fullLabel,
  inOrder,
  laneOf,
  type Queue,
  type Schedule,
  upstreamLabel,
} from '@paceline/client';
import {
  availability,
  clockTime,
  dayOf,
  foreignText,
  lanesIn,
  limitText,
  nextInQueue,
  policyText,
  shortTimeNear,
  summary,
  usageText,
} from '@paceline/client/text';
import { kindNames, kinds } from '@paceline/shared/definition';
import { alertHead } from './changes.ts';
import { downParts, healthLines } from './health.ts';
import { cut, legend, type TextStyle, markOf, type Paint, wrap } from './look.ts';

export type StatusPart<T> = { readonly value: T } | { readonly error: string };

export interface Status {
  readonly clock: Clock;
  readonly health: Health;
  readonly budgets: StatusPart<ResponseOf<'GET /v1/budgets'>>;
  readonly queue: StatusPart<Queue>;
  readonly alerts: StatusPart<ResponseOf<'GET /v1/alerts'>>;
  /** The newest ones, which name the riders in the queue. */
  readonly commands: StatusPart<ResponseOf<'GET /v1/commands'>>;
  readonly schedule: StatusPart<Schedule>;
}

/** The whole status on one screen. @param now project ms */
export function statusLines({ clock, health, ...parts }: Status, now: number, look: TextStyle): string[] {
  const { queue, alerts, commands, schedule } = parts;
  const { paint } = look;
  const said = downParts(health).map(({ title }) => title);
  const part = <T>(label: string, response: StatusPart<T>, lines: (value: T) => string[]): string[] => {
    if ('value' in response) return lines(response.value);
    // What is down is said once, at the top.
    return [said.includes(response.error) ? `${label.padEnd(9)}unknown` : paint.error(response.error)];
  };
  const open =
    'value' in commands ? commands.value.items.filter(({ finishedAt }) => finishedAt === null) : [];
  const pace = clock.scale === 1 ? '' : `, ${clock.scale}× real time`;
  return [
    `${paint.bold('Paceline')}  ${dayOf(now)} ${clockTime(now)} UTC${paint.muted(pace)}`,
    ...healthLines(health, look),
    '',
    ...part('Calls', parts.budgets, ({ items }) => [
      ...wrap(summary(items, now), look.width),
      '',
      ...windowLines(items, open, now, look),
      '',
    ]),
    ...part('Queue', queue, (value) => [`Queue    ${queueText(value, look)}`]),
    ...part('Syncs', schedule, (value) => [`Syncs    ${syncText(value, now, look)}`]),
    ...part('Alerts', alerts, ({ items }) =>
      items.length === 0
        ? ['Alerts   none']
        : items.map((alert, index) => `${index === 0 ? 'Alerts ' : '       '}  ${alertHead(alert, paint)}`),
    ),
    '',
    ...legend(look, 'value' in parts.budgets ? parts.budgets.value.items.flatMap(lanesIn) : []),
  ];
}

/** A narrower screen shows each bar on its own line. */
const minSingleLineWidth = 64;

/** A budget with what its line begins and ends with. */
interface NamedBudget {
  readonly budget: Budget;
  readonly name: string;
  readonly state: string;
}

/** Those of several upstreams are below the upstream's name. */
export function windowLines(
  budgets: readonly Budget[],
  open: readonly Command[],
  now: number,
  look: TextStyle,
): string[] {
  const upstreams = new Set(budgets.map(({ upstream }) => upstream));
  const isNamedAbove = upstreams.size > 1;
  const named = budgets.map((budget) => ({
    budget,
    name: isNamedAbove ? budget.label : fullLabel(budget),
    state: stateText(budget, now),
  }));
  const widths = {
    name: Math.max(...named.map(({ name }) => name.length)) + 2,
    state: Math.max(22, ...named.map(({ state }) => state.length)),
  };
  return [...upstreams].flatMap((upstream) => [
    ...(isNamedAbove ? [look.paint.bold(upstreamLabel(upstream))] : []),
    ...named
      .filter(({ budget }) => budget.upstream === upstream)
      .flatMap((each) => budgetLines(each, widths, open, now, look)),
  ]);
}

/** `3 of 5 available now`, `available in 0:41` */
function stateText(budget: Budget, now: number): string {
  const { state, text } = availability(budget, now);
  const { available, policy } = budget;
  return state === 'free' && policy.limit > 1 ? `${available} of ${policy.limit} ${text}` : text;
}

function budgetLines(
  { budget, name, state: stateAndCalls }: NamedBudget,
  widths: Readonly<Record<'name' | 'state', number>>,
  open: readonly Command[],
  now: number,
  look: TextStyle,
): string[] {
  const { paint, width } = look;
  const { state, reason } = availability(budget, now);
  const { policy, advertised } = budget;
  const isRejected = budget.pausedUntil.upstream !== null && state === 'closed';
  const painted = (isRejected ? paint.error : state === 'free' ? paint.bold : paint.muted)(stateAndCalls);
  const bar = (cells: number) => drawBar(barOf(budget, now, cells), paint);
  const [usage, foreign] = [usageText(budget, now), foreignText(budget, now)];
  const isAsDocumented = advertised === null || limitText(advertised) === limitText(policy);
  const isUsualLimit = policy.from === 'documented' && isAsDocumented;
  const details = [
    ...(reason === undefined ? [] : [reason]),
    ...(isUsualLimit && usage !== undefined
      ? []
      : [isUsualLimit ? limitText(policy) : policyText(budget, now)]),
    ...(foreign === undefined ? [] : [foreign]),
    nextInQueue(budget, open),
    ...(usage === undefined ? [] : [usage]),
  ].join(' · ');
  const isUsual = reason === undefined && foreign === undefined && isUsualLimit;
  const below = (indent: number) => {
    const line = cut(details, width - indent);
    return ' '.repeat(indent) + (isUsual ? paint.muted(line) : line);
  };
  if (width < minSingleLineWidth) {
    return [`${paint.bold(name)}  ${painted}`, bar(odd(width)), below(0)];
  }
  return [
    `${name.padEnd(widths.name)}${bar(odd(width - widths.name - widths.state - 2))}  ${painted}`,
    below(widths.name),
  ];
}

/** The largest odd number up to `cells`, because a bar has now in its middle. */
const odd = (cells: number): number => cells - 1 + (cells % 2);

function queueText(queue: Queue, { paint }: TextStyle): string {
  const waiting = queue.budgets.flatMap((budget) => budget.lanes);
  const counts = inOrder(waiting.map(({ lane }) => lane)).map((lane) => ({
    lane,
    count: countOf(waiting, lane),
  }));
  if (counts.length === 0) return 'empty';
  return counts.map(({ lane, count }) => paint.lane(lane, `${laneOf(lane).label}: ${count}`)).join(' · ');
}

const countOf = (waiting: Queue['budgets'][number]['lanes'], lane: string): number =>
  waiting.reduce((sum, each) => sum + (each.lane === lane ? each.waiting : 0), 0);

function syncText(
  { kinds: settings, nextSlots, from, pausedUntil }: Schedule,
  now: number,
  { paint }: TextStyle,
): string {
  const texts = kindNames.map((kind) => {
    const { mode } = settings[kind];
    const paused = pausedUntil[kind];
    if (mode !== 'off' && paused !== null)
      return `${kind} ${paint.bold(`paused until ${shortTimeNear(paused, now)}`)}`;
    const slot = nextSlots[kind][0];
    const time = slot === undefined ? '' : paint.muted(` at ${shortTimeNear(slot.opensAt, now)}`);
    return mode === 'on' ? `${paint.lane(kinds[kind].lane, kind)}${time}` : `${kind} ${paint.bold(mode)}`;
  });
  return texts.join(' · ') + (from === 'changed' ? paint.muted(' (schedule changed at runtime)') : '');
}

/** One cell of a bar, with the lanes of the calls that were made or are expected in it. */
export interface BarCell {
  readonly state: 'used' | 'now' | 'free' | 'closed';
  readonly calls: readonly string[];
  readonly expected: readonly string[];
}

/** From one reset to the next; of a window that slides, one window before now and one after. */
function scaleOf({ aligned, policy }: Budget, now: number, width: number) {
  const half = Math.floor(width / 2);
  if (!aligned) return { middle: half, cellMs: (policy.windowSeconds * 1_000) / Math.max(1, half) };
  const [from, until] = [Date.parse(aligned.from), Date.parse(aligned.until)];
  const cellMs = (until - from) / width;
  return { middle: Math.min(width - 1, Math.max(1, Math.floor((now - from) / cellMs))), cellMs };
}

/** The calls that count, by when they took their place. */
const callsOf = ({ aligned, earlier, permits }: Budget, span: number) => [
  ...earlier.flatMap(({ at, lane, calls }) =>
    Array.from({ length: calls }, () => ({ lane, from: Date.parse(at) })),
  ),
  ...permits.map(({ lane, startedAt, leavesAt, settled }) => ({
    lane,
    from: settled && !aligned ? Date.parse(leavesAt) - span : Date.parse(startedAt),
  })),
];

/** The window's calls over time, as cells. @param width odd, with now in the middle of a window that slides */
export function barOf(budget: Budget, now: number, width: number): BarCell[] {
  const span = budget.policy.windowSeconds * 1_000;
  const { middle, cellMs } = scaleOf(budget, now, width);
  const cellOf = (time: number) => middle + Math.trunc((time - now) / cellMs);
  const calls = Map.groupBy(
    callsOf(budget, span).map(({ lane, from }) => ({
      lane,
      cell: Math.min(middle - 1, Math.max(0, cellOf(from))),
    })),
    ({ cell }) => cell,
  );
  const expected = Map.groupBy(
    budget.waiting.requests.map(({ lane, estimatedAt }) => ({
      lane,
      cell: Math.max(middle + 1, cellOf(Date.parse(estimatedAt))),
    })),
    ({ cell }) => cell,
  );
  const closedUntil = Math.max(
    ...[budget.pausedUntil.upstream, budget.pausedUntil.operator, budget.unknownUntil].map(timeOf),
  );
  const freeAt = timeOf(budget.freeAt);
  return Array.from({ length: width }, (_, cell): BarCell => {
    const time = now + (cell - middle) * cellMs;
    const state =
      cell === middle
        ? 'now'
        : cell < middle
          ? 'used'
          : time < closedUntil
            ? 'closed'
            : time < freeAt
              ? 'used'
              : 'free';
    const lanesAt = (byCell: typeof calls) => (byCell.get(cell) ?? []).map(({ lane }) => lane);
    return { state, calls: lanesAt(calls), expected: lanesAt(expected) };
  });
}

const timeOf = (text: string | null): number => (text === null ? 0 : Date.parse(text));

export const drawBar = (cells: readonly BarCell[], paint: Paint): string =>
  cells.map((cell) => draw(cell, paint)).join('');

function draw({ state, calls, expected }: BarCell, paint: Paint): string {
  if (state === 'now') return paint.bold('│');
  if (calls.length > 0) return drawCalls(calls, paint, '┃');
  if (state === 'closed') return paint.muted('╱');
  if (expected.length > 0) return drawCalls(expected, paint, '╎');
  return paint.muted(state === 'used' ? '─' : '·');
}

/** A mark for one call, a number for several, in the color of the most urgent lane. */
function drawCalls(calls: readonly string[], paint: Paint, stroke: string): string {
  const [lane] = inOrder(calls);
  if (lane === undefined) return '';
  if (calls.length === 1) return markOf(paint, lane, stroke);
  return paint.lane(lane, calls.length > 9 ? '+' : String(calls.length));
}
