import { kindNames, kinds, type SyncKind } from '@paceline/shared/definition';
import { formatDuration } from '@paceline/shared/config';
import { count, humanDuration, rate } from '@paceline/shared/words';
import type { BudgetForecast, KindForecast, LintFinding } from '@paceline/shared/contracts';
import type { JudgedPlan } from './judge.ts';
import { isError } from './lint.ts';
import { kindsOf, type Plan } from './plan.ts';
import { range, type Wall, wallOf } from './reading.ts';

/** A judged plan for people: what is wrong with it, a day of it, and how it would pass. */
export function report({ plan, findings, forecast, repaired }: JudgedPlan): string {
  const timeZone = plan.schedules[0]?.timeZone ?? 'UTC';
  const wall = wallOf(timeZone);
  return [
    `Slots (${timeZone})\n${slotTable(plan)}`,
    ...findings.map((finding) => sentence(finding, wall)),
    `What a busy day comes to\n${kindTable(forecast.kinds)}\n\n${budgetTable(plan, forecast.budgets)}`,
    verdict(plan, findings, repaired),
  ].join('\n\n');
}

const slotTable = (plan: Plan): string =>
  table(
    ['kind', 'opens', 'for', 'left out', 'promised'],
    plan.schedules.map(({ kind, opens, durationMs, skip }) => [
      kind,
      opens,
      humanDuration(durationMs),
      skip || '-',
      `each ${kinds[kind].thing} ${promiseIn(plan)(kind)}`,
    ]),
  );

function sentence({ severity, rule, message, timeline }: LintFinding, wall: Wall): string {
  const moments = timeline.map(({ at, says }) => `  ${wall.moment(at)}  ${says}`);
  return [`${severity.toUpperCase()} [${rule}] ${message}`, ...moments].join('\n');
}

const kindTable = (forecasts: readonly KindForecast[]): string =>
  table(
    [
      'kind',
      'to refresh',
      'slots a day',
      'calls a slot',
      'calls a day',
      'one pass',
      'refreshed every',
      'promised',
    ],
    forecasts.map((each) => [
      each.kind,
      count(each.things, kinds[each.kind].thing),
      whole(each.slotsADay),
      range(each.fewest, each.most),
      whole(each.callsADay),
      humanDuration(each.passMs),
      humanDuration(each.oldestMs ?? Infinity),
      each.promisedMs === null ? '-' : humanDuration(each.promisedMs),
    ]),
  );

const budgetTable = (plan: Plan, budgets: readonly BudgetForecast[]): string =>
  table(
    [
      'budget',
      'limit',
      'calls a day',
      ...kindsOf(plan).map((kind) => `${kind} wants`),
      'urgent',
      'room for',
      'used',
    ],
    budgets.map(({ budget, policy, allowed, wanted, urgent, room, used }) => [
      budget,
      rate(policy),
      whole(allowed),
      ...kindsOf(plan).map((kind) => (wanted[kind] === undefined ? '-' : whole(wanted[kind]))),
      urgent > 0 ? whole(urgent) : '-',
      whole(room),
      `${whole(100 * used)} %`,
    ]),
  );

const whole = (number: number): string => String(Math.round(number));

function verdict(plan: Plan, findings: readonly LintFinding[], repaired: Plan): string {
  const errors = findings.filter(isError).length;
  if (errors === 0) return 'No errors: what is promised can be kept.';
  const lines = [...differencesOf(plan, repaired).map((difference) => `# ${difference}`), ...envOf(repaired)];
  return `${count(errors, 'error')}. This would pass:\n\n${lines.join('\n')}`;
}

/** Columns that line up in plain text. */
function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => `  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}

/** The lines of `.env` that set a plan's slots. */
export function envOf({ schedules }: Plan): string[] {
  const [first] = schedules;
  return [
    ...(first ? [`SLOT_TIME_ZONE=${first.timeZone}`] : []),
    ...schedules.flatMap(({ kind, opens, durationMs }) => [
      `SLOT_${kind.toUpperCase()}=${opens}`,
      `SLOT_${kind.toUpperCase()}_DURATION=${formatDuration(durationMs)}`,
    ]),
  ];
}

/** What another plan does differently, in words. */
export const differencesOf = (plan: Plan, other: Plan): string[] =>
  kindNames.flatMap((kind) => {
    const [before, after] = [slotsIn(plan), slotsIn(other)].map((say) => say(kind));
    const [wanted, honest] = [promiseIn(plan), promiseIn(other)].map((say) => say(kind));
    return [
      ...(before === after ? [] : [`${kind} slots: ${after} instead of ${before}`]),
      ...(wanted === honest
        ? []
        : [`each ${kinds[kind].thing} is promised a refresh ${honest} instead of ${wanted}`]),
    ];
  });

const slotsIn =
  ({ schedules }: Plan) =>
  (kind: SyncKind): string => {
    const schedule = schedules.find((each) => each.kind === kind);
    return schedule ? `${schedule.opens} for ${humanDuration(schedule.durationMs)}` : 'none';
  };

const promiseIn =
  ({ promises }: Plan) =>
  (kind: SyncKind): string => {
    const promised = promises.find((each) => each.kind === kind);
    if (!promised) return 'at no time';
    return promised.within === 'cycle' ? 'in every cycle' : `every ${humanDuration(promised.within)}`;
  };
