import { fifo, fixedSlots, hybrid, strictPriorities, uncoordinated } from './designed/strategies.ts';
import { createLife, type Life, type Strategy } from './life.ts';
import { type Result, resultOf } from './result.ts';
import { paceline } from './paceline/paceline.ts';
import { clicksOf, type Scenario } from './scenario.ts';

/** How the calls may be shared out: what teams do by themselves, the design's four ways, and ours. */
export const strategies = {
  uncoordinated,
  A: fifo,
  B: fixedSlots,
  C: strictPriorities,
  D: hybrid,
  paceline,
} satisfies Record<string, Strategy>;
export type StrategyName = keyof typeof strategies;
export const strategyNames = Object.keys(strategies) as StrategyName[];

/** Lives through a scenario by a strategy. The same scenario always comes to the same. */
export const simulate = (scenario: Scenario, name: StrategyName): Result => resultOf(happen(scenario, name));

/** As `simulate`, with everything that happened. */
export function happen(scenario: Scenario, name: StrategyName): Life {
  const life = createLife(scenario);
  const { agenda, tally, from, until } = life;
  const strategy = strategies[name](life);
  for (const click of clicksOf(scenario)) {
    agenda.in(click.at - from, () => {
      tally.clicked(click);
      strategy.click(click);
    });
  }
  agenda.runUntil(until);
  return life;
}
