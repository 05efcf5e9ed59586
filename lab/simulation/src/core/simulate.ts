import { fifo, fixedSlots, hybrid, strictPriorities, uncoordinated } from './designed/strategies.ts';
import { runScript } from '@paceline/kit/script';
import { createSimulation, type Simulation, type Strategy } from './simulation.ts';
import { type SimulationResult, resultOf } from './result.ts';
import { paceline } from './paceline/paceline.ts';
import { clicksOf, importsOf, type Scenario } from './scenario.ts';
import { watchOutsiders } from './outsiders.ts';

/** Uncoordinated syncs, the design's strategies A to D, and ours. */
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

/** Simulates a scenario with a strategy; deterministic. */
export const simulate = (scenario: Scenario, name: StrategyName): SimulationResult =>
  resultOf(runSimulation(scenario, name));

/** Like `simulate`, but returns the full state at the end. */
export function runSimulation(scenario: Scenario, name: StrategyName): Simulation {
  const simulation = createSimulation(scenario);
  const { agenda, tally, from, until } = simulation;
  const strategy = strategies[name](simulation);
  for (const click of clicksOf(scenario)) {
    agenda.in(click.at - from, () => {
      tally.recordClick(click);
      strategy.click(click);
    });
  }
  for (const request of importsOf(scenario)) {
    agenda.in(request.at - from, () => {
      tally.recordImport(request);
      strategy.importRiders(request);
    });
  }
  runScript(watchOutsiders(simulation));
  agenda.runUntil(until);
  return simulation;
}
