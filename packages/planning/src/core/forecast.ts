import { type Budget, budgetNames, budgetsOf, kinds, type SyncKind } from '@paceline/shared/definition';
import type { BudgetForecast, Forecast, KindForecast } from '@paceline/shared/contracts';
import { urgentBudget } from './calls.ts';
import { kindsOf, type Plan } from './plan.ts';
import { oldestOf, passMs, type PlanReading, readingOf, roomOf, withinMs } from './reading.ts';
import type { Openings } from './timetable.ts';

const day = 86_400_000;

/** What a plan comes to on a busy day: the average of the week from `from` (project ms). */
export function forecast(plan: Plan, from: number, openings?: Openings): Forecast {
  const reading = readingOf(plan, from, openings);
  const planned = kindsOf(plan);
  const forecasts = planned.map((kind) => kindForecast(reading, kind));
  const called = budgetNames.filter((budget) => planned.some((kind) => budgetsOf(kind).includes(budget)));
  return {
    kinds: forecasts,
    budgets: called.map((budget) => budgetForecast(plan, budget, forecasts)),
  };
}

function kindForecast({ plan, stretches, spentBy, turnsBy }: PlanReading, kind: SyncKind): KindForecast {
  const things = plan.things[kind];
  const [week] = spentBy(kind);
  const promised = plan.promises.find((each) => each.kind === kind);
  const oldest = oldestOf(turnsBy(kind), things);
  return {
    kind,
    things,
    ...(week ? roomOf(kind, week) : { slotsADay: 0, callsADay: 0, fewest: 0, most: 0 }),
    passMs: passMs(plan, kind),
    oldestMs: oldest === Infinity ? null : oldest,
    promisedMs: promised ? withinMs(promised, stretches) : null,
  };
}

function budgetForecast(plan: Plan, budget: Budget, forecasts: readonly KindForecast[]): BudgetForecast {
  const policy = plan.policies[budget];
  const allowed = (policy.limit * day) / policy.windowMs;
  const lists = forecasts.filter(({ kind }) => kinds[kind].list === budget);
  const passes = forecasts.filter(({ kind }) => kinds[kind].budget === budget);
  const urgent = budget === urgentBudget ? plan.eventsADay : 0;
  const room =
    urgent +
    lists.reduce((sum, { slotsADay }) => sum + slotsADay, 0) +
    passes.reduce((sum, { callsADay }) => sum + callsADay, 0);
  const wanted = [
    ...lists.map(({ kind, slotsADay }) => [kind, slotsADay] as const),
    ...passes.map((each) => [each.kind, wantedBy(each)] as const),
  ];
  return { budget, policy, allowed, wanted: Object.fromEntries(wanted), urgent, room, used: room / allowed };
}

const wantedBy = ({ things, promisedMs, slotsADay }: KindForecast): number =>
  promisedMs ? (things * day) / promisedMs : things * slotsADay;
