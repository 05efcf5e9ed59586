import { type BudgetName, budgetNames, budgetsOf, kinds, type SyncKind } from '@paceline/shared/definition';
import type { BudgetForecast, Forecast, KindForecast } from '@paceline/shared/contracts';
import { urgentBudget } from './calls.ts';
import { kindsOf, type Plan } from './plan.ts';
import { oldestAge, passMs, type PlanAnalysis, slotCapacity, goalMs } from './analysis.ts';

const day = 86_400_000;

/** What a plan does on a busy day: the average over the week of the analysis. */
export function forecast(analysis: PlanAnalysis): Forecast {
  const { plan } = analysis;
  const planned = kindsOf(plan);
  const forecasts = planned.map((kind) => kindForecast(analysis, kind));
  const usedBudgets = budgetNames.filter((budget) =>
    planned.some((kind) => budgetsOf(kind).includes(budget)),
  );
  return {
    kinds: forecasts,
    budgets: usedBudgets.map((budget) => budgetForecast(plan, budget, forecasts)),
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

function budgetForecast(plan: Plan, budget: BudgetName, forecasts: readonly KindForecast[]): BudgetForecast {
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
    ...passes.map((each) => [each.kind, callsNeeded(each)] as const),
  ];
  return { budget, policy, allowed, wanted: Object.fromEntries(wanted), urgent, room, used: room / allowed };
}

/** Calls per day that a kind needs to meet its goal; without a goal, to refresh everything in every slot. */
const callsNeeded = ({ things, goalMs, slotsADay }: KindForecast): number =>
  goalMs ? (things * day) / goalMs : things * slotsADay;
