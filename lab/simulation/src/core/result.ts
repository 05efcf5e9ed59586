import { quantile, sum } from '@paceline/kit/statistics';
import { type BudgetName, budgetNames, kindNames, kinds, laneNames } from '@paceline/shared/definition';
import { judge } from '@paceline/sandbox';
import type { Simulation, WantedRider } from './simulation.ts';
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
    imports: importsOf(simulation),
    /** Share of the riders outside the clubs that each cycle of the rider sync refreshed, of those that it began with. */
    outsiders: refreshedOutsiders(simulation),
    results: resultsSyncOf(simulation),
    freshness: {
      all: measureFreshness(simulation.rules.goals, events, span),
      ours: measureFreshness(simulation.rules.goals, ours, span),
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
function manualOf(simulation: Simulation) {
  const { clicks } = simulation.tally;
  const { riders: clicked, waits, ...ends } = wantedOf([...clicks.values()], simulation.until);
  const at = (share: number) => waits[Math.min(waits.length - 1, Math.ceil(share * waits.length) - 1)] ?? 0;
  return { clicked, ...ends, p50: at(0.5), p99: at(0.99), max: waits.at(-1) ?? 0 };
}

/** Riders of imports; `max`: from the request until its last rider was stored, or until the end. */
function importsOf({ tally, until }: Simulation) {
  const { waits, ...ends } = wantedOf([...tally.imported.values()], until);
  return { ...ends, max: waits.at(-1) ?? 0 };
}

function wantedOf(riders: readonly WantedRider[], until: number) {
  const waits = riders
    .filter(({ refused }) => !refused)
    .map(({ at, storedAt = until }) => storedAt - at)
    .toSorted((a, b) => a - b);
  return {
    riders: riders.length,
    stored: riders.filter(({ storedAt }) => storedAt !== undefined).length,
    refused: riders.filter(({ refused }) => refused).length,
    waits,
  };
}

/** Undefined while there were none. */
function refreshedOutsiders({ tally }: Simulation): number | undefined {
  const known = sum(tally.outsiders.map((cycle) => cycle.known));
  return known === 0 ? undefined : sum(tally.outsiders.map(({ refreshed }) => refreshed)) / known;
}

/** Events after the warm-up whose results upstream has published; `median`, `max`: age of the results when first stored, or at the end. */
function resultsSyncOf({ scenario, tally, world, from, until }: Simulation) {
  const published = world.startingIn(from + scenario.warmUp, until).flatMap(({ id }) => {
    const { count, isRated } = world.resultsCount(id, until) ?? { count: 0, isRated: false };
    const at = world.publication(id, until)?.resultsAt ?? until;
    return count > 0 ? [{ at, isRated, ...tally.results.get(String(id)) }] : [];
  });
  const ages = published.map(({ at, storedAt = until }) => storedAt - at);
  return {
    events: published.length,
    stored: published.filter(({ storedAt }) => storedAt !== undefined).length,
    rated: published.filter(({ isRated }) => isRated).length,
    ratedStored: published.filter(({ ratedAt }) => ratedAt !== undefined).length,
    median: ages.length === 0 ? 0 : quantile(ages, 0.5),
    max: Math.max(0, ...ages),
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
