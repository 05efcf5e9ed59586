import { kindNames, kinds, type SyncKind } from '@paceline/shared/definition';
import { formatDuration } from '@paceline/shared/config';
import { count, humanDuration, rate } from '@paceline/shared/words';
import type { BudgetForecast, KindForecast, LintFinding } from '@paceline/shared/contracts';
import type { PlanCheck } from './check.ts';
import { isError } from './lint.ts';
import { kindsOf, type Plan } from './plan.ts';
import { range, type WallClock, wallClockIn } from './analysis.ts';

/** A plan check as text: slots, findings, a busy day, and settings that would pass. */
export function report({ plan, findings, forecast, repaired }: PlanCheck): string {
  const timeZone = plan.schedules[0]?.timeZone ?? 'UTC';
  const wall = wallClockIn(timeZone);
  return [
    `Slots (${timeZone})\n${slotTable(plan)}`,
    ...findings.map((finding) => findingText(finding, wall)),
    `A busy day\n${kindTable(forecast.kinds)}\n\n${budgetTable(plan, forecast.budgets)}`,
    conclusion(plan, findings, repaired),
  ].join('\n\n');
}

const slotTable = (plan: Plan): string =>
  table(
    ['sync', 'opens', 'duration', 'except', 'goal'],
    plan.schedules.map(({ kind, opens, durationMs, skip }) => [
      kind,
      opens,
      humanDuration(durationMs),
      skip || '-',
      goalIn(plan)(kind),
    ]),
  );

function findingText({ severity, rule, message, timeline }: LintFinding, wall: WallClock): string {
  const steps = timeline.map(({ at, says }) => `  ${wall.time(at)}  ${says}`);
  return [`${severity.toUpperCase()} [${rule}] ${message}`, ...steps].join('\n');
}

const kindTable = (forecasts: readonly KindForecast[]): string =>
  table(
    [
      'sync',
      'to refresh',
      'slots per day',
      'calls per slot',
      'calls per day',
      'full pass',
      'refreshed every',
      'goal',
    ],
    forecasts.map((each) => [
      each.kind,
      count(each.things, kinds[each.kind].thing),
      whole(each.slotsADay),
      range(each.fewest, each.most),
      whole(each.callsADay),
      humanDuration(each.passMs),
      humanDuration(each.oldestMs ?? Infinity),
      each.goalMs === null ? '-' : humanDuration(each.goalMs),
    ]),
  );

const budgetTable = (plan: Plan, budgets: readonly BudgetForecast[]): string =>
  table(
    [
      'limit',
      'policy',
      'allowed per day',
      ...kindsOf(plan).map((kind) => `${kind} needs`),
      'urgent',
      'possible',
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

function conclusion(plan: Plan, findings: readonly LintFinding[], repaired: Plan): string {
  const errors = findings.filter(isError).length;
  if (errors === 0) return 'No errors: all freshness goals can be met.';
  const lines = [...differencesOf(plan, repaired).map((difference) => `# ${difference}`), ...envOf(repaired)];
  return `${count(errors, 'error')}. This would pass:\n\n${lines.join('\n')}`;
}

/** Plain text with aligned columns. */
function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => `  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}

/** A plan's slots as lines of `.env`. */
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

/** One sentence for each setting in which `other` differs. */
export const differencesOf = (plan: Plan, other: Plan): string[] =>
  kindNames.flatMap((kind) => {
    const [slots, otherSlots] = [slotsIn(plan)(kind), slotsIn(other)(kind)];
    const [goal, otherGoal] = [goalIn(plan)(kind), goalIn(other)(kind)];
    return [
      ...(slots === otherSlots ? [] : [`${kind} slots: ${otherSlots} instead of ${slots}`]),
      ...(goal === otherGoal ? [] : [`${kind} freshness goal: ${otherGoal} instead of ${goal}`]),
    ];
  });

const slotsIn =
  ({ schedules }: Plan) =>
  (kind: SyncKind): string => {
    const schedule = schedules.find((each) => each.kind === kind);
    return schedule ? `${schedule.opens} for ${humanDuration(schedule.durationMs)}` : 'none';
  };

const goalIn =
  ({ goals }: Plan) =>
  (kind: SyncKind): string => {
    const goal = goals.find((each) => each.kind === kind);
    if (!goal) return 'none';
    return goal.within === 'cycle' ? 'once per cycle' : `every ${humanDuration(goal.within)}`;
  };
