import { sum } from '@paceline/kit/statistics';
import { type Budget, budgetNames, kindNames, kinds, laneNames } from '@paceline/shared/definition';
import { judge } from '@paceline/sandbox';
import type { Life } from './life.ts';
import { eventsOf, measureFreshness } from './freshness.ts';

export type Result = ReturnType<typeof resultOf>;

/** What a strategy came to. Spans are project ms, shares from 0 to 1. */
export function resultOf(life: Life) {
  const { scenario, tally, until } = life;
  const events = eventsOf(life);
  const ours = events.filter(({ isOurs }) => isOurs);
  const span = { from: life.from + scenario.warmUp, until };
  return {
    budgets: usesOf(life),
    manual: manualOf(life),
    freshness: {
      all: measureFreshness(life, events, span),
      ours: measureFreshness(life, ours, span),
    },
    /** The longest wait for a call in each lane. */
    longestWait: inOrder(laneNames, tally.longestWaits(until)),
    /** The longest time without a call for a far event. */
    longestWithoutFar: longestWithoutFar(life),
    /** How often one sync had to wait, or was rejected, because of another. */
    conflicts: tally.conflicts(),
    runs: runsOf(life),
  };
}

function inOrder<Name extends string, Value>(
  names: readonly Name[],
  values: Readonly<Partial<Record<Name, Value>>>,
): Partial<Record<Name, Value>> {
  const known = names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]]));
  return Object.fromEntries(known) as Partial<Record<Name, Value>>;
}

/** How much of what the windows had room for was called, and how often it was answered 429. */
function usesOf({ upstream, from, until }: Life) {
  const uses: Partial<Record<Budget, { calls: number; rejected: number; utilisation: number }>> = {};
  for (const { budget, policy, calls, rejected } of judge(upstream.arrivals)) {
    const room = (policy.limit * (until - from)) / policy.windowMs;
    uses[budget] = { calls, rejected, utilisation: (calls - rejected) / room };
  }
  return inOrder(budgetNames, uses);
}

/** How the adds of people went; `p50`, `p99`, `max`: from the click until the rider was stored, or until the end. */
function manualOf({ tally, until }: Life) {
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

function longestWithoutFar({ upstream, from, until }: Life): number {
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

function runsOf({ tally }: Life) {
  const ended = [...Map.groupBy(tally.runs, ({ kind }) => kind)].map(([kind, runs]) => {
    const failed = runs.filter(({ state }) => state === 'failed').length;
    const total = (what: 'synced' | 'deferred') => sum(runs.map(({ counts }) => counts[what]));
    return [
      kind,
      { runs: runs.length, failed, synced: total('synced'), deferred: total('deferred') },
    ] as const;
  });
  return inOrder(kindNames, Object.fromEntries(ended));
}
