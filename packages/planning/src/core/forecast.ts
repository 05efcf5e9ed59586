import { type BudgetName, budgetNames, budgetsOf, kinds, type SyncKind } from '@paceline/shared/definition';
import type { BudgetForecast, Forecast, KindForecast } from '@paceline/shared/contracts';
import { urgentBudget } from './calls.ts';
import { kindsOf, type Plan } from './plan.ts';
import type { PlannedWindow } from './windows.ts';
import { oldestAge, passMs, type PlanAnalysis, slotCapacity, goalMs } from './analysis.ts';

const day = 86_400_000;

/** What a plan does on a busy day: the average over the week of the analysis. */
export function forecast(analysis: PlanAnalysis): Forecast {
  const { plan } = analysis;
  const planned = kindsOf(plan);
  const forecasts = planned.map((kind) => kindForecast(analysis, kind));
  const endpoints = budgetNames.filter((each) => planned.some((kind) => budgetsOf(kind).includes(each)));
  const windows = new Map(
    endpoints.flatMap((each) => plan.windows[each].map((window) => [window.budget, window])),
  );
  return {
    kinds: forecasts,
    budgets: [...windows.values()].map((window) => budgetForecast(plan, window, forecasts)),
  };
}

function kindForecast(
  { plan, stretches, callsByKind, goalCallsByKind }: PlanAnalysis,
  kind: SyncKind,
): KindForecast {
  const things = plan.things[kind];
  const [week] = callsByKind(kind);
  const goal = plan.goals.find((each) => each.kind === kind);
  const oldest = oldestAge(goalCallsByKind(kind), things);
  return {
    kind,
    things,
    ...(week ? slotCapacity(kind, week) : { slotsADay: 0, callsADay: 0, fewest: 0, most: 0 }),
    passMs: passMs(plan, kind),
    oldestMs: oldest === Infinity ? null : oldest,
    goalMs: goal ? goalMs(goal, stretches) : null,
  };
}

function budgetForecast(
  plan: Plan,
  { budget, limit, windowMs }: PlannedWindow,
  forecasts: readonly KindForecast[],
): BudgetForecast {
  const policy = { limit, windowMs };
  const allowed = (limit * day) / windowMs;
  const counts = (endpoint: BudgetName | undefined) =>
    endpoint !== undefined && plan.windows[endpoint].some((each) => each.budget === budget);
  const lists = forecasts.filter(({ kind }) => counts(kinds[kind].list));
  const passes = forecasts.filter(({ kind }) => counts(kinds[kind].budget));
  const urgent = counts(urgentBudget) ? plan.eventsADay : 0;
  const room =
    urgent +
    lists.reduce((sum, { slotsADay }) => sum + slotsADay, 0) +
    passes.reduce((sum, { callsADay }) => sum + callsADay, 0);
  // A kind whose list counts in the same budget needs calls for both.
  const wanted = forecasts
    .filter((each) => lists.includes(each) || passes.includes(each))
    .map((each) => [
      each.kind,
      (lists.includes(each) ? each.slotsADay : 0) + (passes.includes(each) ? callsNeeded(each) : 0),
    ]);
  return { budget, policy, allowed, wanted: Object.fromEntries(wanted), urgent, room, used: room / allowed };
}

/** Calls per day that a kind needs to meet its goal; without a goal, to refresh everything in every slot. */
const callsNeeded = ({ things, goalMs, slotsADay }: KindForecast): number =>
  goalMs ? (things * day) / goalMs : things * slotsADay;
