import {
  type Budget,
  budgetNames,
  kindNames,
  kinds,
  type Lane,
  laneNames,
  type SyncKind,
} from '@paceline/shared/definition';
import { judge } from '@paceline/sandbox';
import type { Life } from './life.ts';
import { eventsOf, type FreshnessResult, measureFreshness } from './freshness.ts';

/** What a strategy came to. Spans are project ms, shares from 0 to 1. */
export interface Result {
  readonly budgets: Readonly<Partial<Record<Budget, BudgetUse>>>;
  readonly manual: ManualAdds;
  readonly freshness: { readonly all: FreshnessResult; readonly ours: FreshnessResult };
  /** The longest wait for a call in each lane. */
  readonly longestWait: Readonly<Partial<Record<Lane, number>>>;
  /** The longest time without a call for a far event. */
  readonly longestWithoutFar: number;
  /** How often one sync had to wait, or was rejected, because of another. */
  readonly conflicts: number;
  readonly runs: Readonly<Partial<Record<SyncKind, RunsOfKind>>>;
}

export interface BudgetUse {
  readonly calls: number;
  /** Answered 429, by the sandbox's own judgement. */
  readonly rejected: number;
  /** Calls that were let in, of those that the windows had room for. */
  readonly utilisation: number;
}

export interface ManualAdds {
  readonly clicked: number;
  readonly stored: number;
  /** Refused, at once or later, since it cannot be done in time. */
  readonly refused: number;
  /** From the click until it was stored, or until the end. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface RunsOfKind {
  readonly runs: number;
  readonly failed: number;
  readonly synced: number;
  readonly deferred: number;
}

export function resultOf(life: Life): Result {
  const { scenario, tally, until } = life;
  const events = eventsOf(life);
  const span = { from: life.from + scenario.warmUp, until };
  const ours = events.filter(({ isOurs }) => isOurs);
  return {
    budgets: usesOf(life),
    manual: manualOf(life),
    freshness: {
      all: measureFreshness(life, events, span),
      ours: measureFreshness(life, ours, span),
    },
    longestWait: inOrder(laneNames, tally.longestWaits(until)),
    longestWithoutFar: longestWithoutFar(life),
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

function usesOf({ upstream, from, until }: Life): Partial<Record<Budget, BudgetUse>> {
  const uses: Partial<Record<Budget, BudgetUse>> = {};
  for (const { budget, policy, calls, rejected } of judge(upstream.arrivals)) {
    const room = (policy.limit * (until - from)) / policy.windowMs;
    uses[budget] = { calls, rejected, utilisation: (calls - rejected) / room };
  }
  return inOrder(budgetNames, uses);
}

function manualOf({ tally, until }: Life): ManualAdds {
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

function runsOf({ tally }: Life): Partial<Record<SyncKind, RunsOfKind>> {
  const byKind = Map.groupBy(tally.runs, ({ kind }) => kind);
  const of = kindNames.flatMap((kind) => {
    const runs = byKind.get(kind) ?? [];
    const sum = (what: 'synced' | 'deferred') => runs.reduce((total, { counts }) => total + counts[what], 0);
    const failed = runs.filter(({ state }) => state === 'failed').length;
    const ended = { runs: runs.length, failed, synced: sum('synced'), deferred: sum('deferred') };
    return runs.length === 0 ? [] : [[kind, ended] as const];
  });
  return Object.fromEntries(of) as Partial<Record<SyncKind, RunsOfKind>>;
}
