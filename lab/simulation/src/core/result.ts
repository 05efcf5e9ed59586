import { sum } from '@paceline/kit/statistics';
import { type BudgetName, budgetNames, kindNames, kinds, laneNames } from '@paceline/shared/definition';
import { judge } from '@paceline/sandbox';
import type { Simulation } from './simulation.ts';
import { eventsOf, measureFreshness } from './freshness.ts';

export type SimulationResult = ReturnType<typeof resultOf>;

/** Durations are project ms, shares from 0 to 1. */
export function resultOf(simulation: Simulation) {
  const { scenario, tally, until } = simulation;
  const events = eventsOf(simulation);
  const ours = events.filter(({ isOurs }) => isOurs);
  const span = { from: simulation.from + scenario.warmUp, until };
  return {
    budgets: usesOf(simulation),
    manual: manualOf(simulation),
    freshness: {
      all: measureFreshness(simulation, events, span),
      ours: measureFreshness(simulation, ours, span),
    },
    /** Longest wait for a call per lane. */
    longestWait: inOrder(laneNames, tally.longestWaits(until)),
    /** Longest time without a call for a far event. */
    longestWithoutFar: longestWithoutFar(simulation),
    /** Waits and 429s of one sync because of another. */
    conflicts: tally.conflicts(),
    runs: runsOf(simulation),
  };
}

function inOrder<Name extends string, Value>(
  names: readonly Name[],
  values: Readonly<Partial<Record<Name, Value>>>,
): Partial<Record<Name, Value>> {
  const known = names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]]));
  return Object.fromEntries(known) as Partial<Record<Name, Value>>;
}

/** Calls, 429s, and accepted calls as a share of those that the windows allow. */
function usesOf({ upstream, from, until }: Simulation) {
  const uses: Partial<Record<BudgetName, { calls: number; rejected: number; utilisation: number }>> = {};
  for (const { budget, policy, calls, rejected } of judge(upstream.arrivals)) {
    const possible = (policy.limit * (until - from)) / policy.windowMs;
    uses[budget] = { calls, rejected, utilisation: (calls - rejected) / possible };
  }
  return inOrder(budgetNames, uses);
}

/** Manual adds; `p50`, `p99`, `max`: from the click until the rider was stored, or until the end. */
function manualOf({ tally, until }: Simulation) {
  const clicks = [...tally.clicks.values()];
  const waits = clicks
    .filter(({ refused }) => !refused)
    .map(({ at, storedAt = until }) => storedAt - at)
    .toSorted((a, b) => a - b);
  const quantile = (share: number) =>
    waits[Math.min(waits.length - 1, Math.ceil(share * waits.length) - 1)] ?? 0;
  return {
    clicked: clicks.length,
    stored: clicks.filter(({ storedAt }) => storedAt !== undefined).length,
    refused: clicks.filter(({ refused }) => refused).length,
    p50: quantile(0.5),
    p99: quantile(0.99),
    max: waits.at(-1) ?? 0,
  };
}

function longestWithoutFar({ upstream, from, until }: Simulation): number {
  let last = from;
  let longest = 0;
  for (const [index, { budget, arrivedAt, verdict }] of upstream.arrivals.entries()) {
    if (budget !== 'signups' || verdict !== 'accepted' || upstream.sent[index]?.lane !== kinds.far.lane)
      continue;
    longest = Math.max(longest, arrivedAt - last);
    last = arrivedAt;
  }
  return Math.max(longest, until - last);
}

function runsOf({ tally }: Simulation) {
  const ended = [...Map.groupBy(tally.runs, ({ kind }) => kind)].map(([kind, runs]) => {
    const failed = runs.filter(({ state }) => state === 'failed').length;
    const total = (outcome: 'synced' | 'deferred') => sum(runs.map(({ counts }) => counts[outcome]));
    return [
      kind,
      { runs: runs.length, failed, synced: total('synced'), deferred: total('deferred') },
    ] as const;
  });
  return inOrder(kindNames, Object.fromEntries(ended));
}
