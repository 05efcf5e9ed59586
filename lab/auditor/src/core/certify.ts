import type { Budget, Lane } from '@paceline/shared/definition';
import type { Policy } from '@paceline/shared/contracts';
import { type Arrival, isOf, type SandboxLog, type Watched } from './arrivals.ts';
import type { Finding } from './finding.ts';
import type { BudgetHistory, Span } from './history.ts';
import { type ArrivalFigures, judgeArrivals } from './judge-arrivals.ts';
import { longestWaits, type Promises, promisesOf } from './promises.ts';
import { freshBudget } from './reading.ts';
import { rebuild } from './rebuild.ts';
import { explainRejections } from './rejections.ts';
import type { Rules } from './rules.ts';
import type { StoredEntry } from './stored-entry.ts';
import { type Utilisation, utilisationOf } from './utilisation.ts';
import { type Fullest, judgeWindows } from './windows.ts';

/** What one budget of an account comes to. */
export interface BudgetCertificate {
  readonly endpoint: Budget;
  /** The policy that was in force in the end. */
  readonly policy: Policy;
  readonly calls: number;
  /** The most calls that could have arrived within one window. */
  readonly fullest: Fullest | null;
  readonly utilisation: Utilisation;
  readonly rejected: number;
  readonly promises: Promises;
  /** Absent without the sandbox's log. */
  readonly arrivals?: ArrivalFigures;
  readonly certified: boolean;
}

export interface AccountCertificate {
  readonly account: string;
  readonly budgets: readonly BudgetCertificate[];
  /** Project ms. */
  readonly longestWaits: Partial<Record<Lane, number>>;
}

/** What a partition's journal proves. */
export interface Certificate {
  readonly partition: number;
  readonly certified: boolean;
  readonly entries: number;
  /** The time that was judged, project ms; null when there was none. */
  readonly from: number | null;
  readonly to: number | null;
  readonly accounts: readonly AccountCertificate[];
  readonly findings: readonly Finding[];
}

/** The sandbox's log, and the time of which it tells. */
export interface UpstreamLog extends SandboxLog {
  readonly watched: Watched;
}

/**
 * Judges a partition by its journal: that no window, wherever it begins, can have held more calls than its policy
 * allows, that the ledger was kept by its rules, and why each 429 was one.
 * @param entries of one partition, oldest first
 */
export function certify(
  partition: number,
  entries: readonly StoredEntry[],
  rules: Rules,
  upstream?: UpstreamLog,
): Certificate {
  const { spans, budgets, findings: ledgerFindings } = rebuild(entries, rules, upstream?.projectTime);
  const all = [...budgets, ...onlyCalled(budgets, rules, upstream)];
  const judged = all.map((budget) => judgeBudget(budget, spans, rules, upstream));
  const findings = [...ledgerFindings, ...judged.flatMap((each) => each.findings)];
  const accounts = Map.groupBy(judged, ({ budget }) => budget.place.account);
  return {
    partition,
    certified: !findings.some(({ breach }) => breach),
    entries: entries.length,
    from: spans[0]?.from ?? null,
    to: spans.at(-1)?.to ?? null,
    accounts: [...accounts].map(([account, its]) => ({
      account,
      budgets: its.map((each) => certificateOf(each, findings)),
      longestWaits: longestWaits(its.flatMap(({ budget }) => budget.calls)),
    })),
    findings,
  };
}

type Judged = ReturnType<typeof judgeBudget>;

function judgeBudget(budget: BudgetHistory, spans: readonly Span[], rules: Rules, upstream?: UpstreamLog) {
  const { endpoint } = budget.place;
  const windows = judgeWindows(budget);
  const arrived = upstream && judgeArrivals(budget, arrivalsOn(budget, spans, upstream), upstream.watched);
  return {
    budget,
    windows,
    arrived,
    utilisation: utilisationOf(budget, spans, rules.documented[endpoint]),
    findings: [
      ...windows.findings,
      ...explainRejections(budget, (call) => arrived?.seenOf(call)),
      ...(arrived?.findings ?? []),
    ],
  };
}

/** Budgets on which something arrived though the journal never heard of them. */
function onlyCalled(
  budgets: readonly BudgetHistory[],
  rules: Rules,
  upstream?: UpstreamLog,
): BudgetHistory[] {
  const known = Map.groupBy(budgets, ({ place }) => place.account);
  return [...known].flatMap(([account, its]) => {
    const called = upstream?.arrivals.flatMap((each) =>
      each.budget && isOf(each, account) ? [each.budget] : [],
    );
    const others = new Set(called).difference(new Set(its.map(({ place }) => place.endpoint)));
    return [...others].map((endpoint) => freshBudget({ account, endpoint }, rules));
  });
}

/** What arrived on this budget since the judged time began. */
function arrivalsOn({ place }: BudgetHistory, spans: readonly Span[], { arrivals }: UpstreamLog): Arrival[] {
  const from = spans[0]?.from ?? Infinity;
  return arrivals
    .filter((each) => each.budget === place.endpoint && each.arrivedAt >= from && isOf(each, place.account))
    .toSorted((a, b) => a.arrivedAt - b.arrivedAt);
}

function certificateOf(
  { budget, windows, arrived, utilisation }: Judged,
  findings: readonly Finding[],
): BudgetCertificate {
  const { place, policy, calls, rejections } = budget;
  return {
    endpoint: place.endpoint,
    policy,
    calls: utilisation.made,
    fullest: windows.fullest,
    utilisation,
    rejected: rejections.length,
    promises: promisesOf(calls),
    ...(arrived && { arrivals: arrived.figures }),
    certified: !findings.some(
      (each) =>
        each.breach && each.place?.account === place.account && each.place.endpoint === place.endpoint,
    ),
  };
}
