import type { Policy } from '@paceline/shared/contracts';
import type { Lane } from '@paceline/shared/definition';
import { count } from '@paceline/shared/words';
import { type LoggedArrival, isOf, type SandboxLog, type Watched, watchedBy } from './arrivals.ts';
import { type Finding, listed, remark } from './findings.ts';
import {
  type BudgetHistory,
  type StartedCall,
  freshBudget,
  type Rules,
  type Span,
  type StoredEntry,
} from './history.ts';
import { judgeArrivals } from './judge-arrivals.ts';
import { rebuild } from './rebuild.ts';
import { explainRejections } from './rejections.ts';
import { judgeWindows } from './windows.ts';

/** What one budget of an account comes to. */
export type BudgetCertificate = ReturnType<typeof certificateOf>;

/** What a partition's journal proves. */
export type Certificate = ReturnType<typeof certify>;

export type AccountCertificate = Certificate['accounts'][number];

/** The sandbox's log, and the time of which it tells. */
interface UpstreamLog extends SandboxLog {
  readonly watched: Watched;
}

/** Judges a partition by its journal, oldest entry first: its windows, the rules of the ledger, and each 429. */
function certify(partition: number, entries: readonly StoredEntry[], rules: Rules, upstream?: UpstreamLog) {
  const { spans, budgets, findings: ledgerFindings } = rebuild(entries, rules, upstream?.projectTime);
  const all = [...budgets, ...onlyCalled(budgets, rules, upstream)];
  const judged = all.map((budget) => judgeBudget(budget, spans, rules, upstream));
  const findings = [...ledgerFindings, ...judged.flatMap((each) => each.findings)];
  const accounts = Map.groupBy(judged, ({ budget }) => budget.place.account);
  return {
    partition,
    certified: !findings.some(({ breach }) => breach),
    entries: entries.length,
    /** The time that was judged, project ms; null when there was none. */
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
function arrivalsOn(
  { place }: BudgetHistory,
  spans: readonly Span[],
  { arrivals }: UpstreamLog,
): LoggedArrival[] {
  const from = spans[0]?.from ?? Infinity;
  return arrivals
    .filter((each) => each.budget === place.endpoint && each.arrivedAt >= from && isOf(each, place.account))
    .toSorted((a, b) => a.arrivedAt - b.arrivedAt);
}

function certificateOf({ budget, windows, arrived, utilisation }: Judged, findings: readonly Finding[]) {
  const { place, policy, calls, rejections } = budget;
  return {
    endpoint: place.endpoint,
    /** The policy that was in force in the end. */
    policy,
    calls: utilisation.made,
    /** The most calls that could have arrived within one window. */
    fullest: windows.fullest,
    utilisation,
    rejected: rejections.length,
    promises: promisesOf(calls),
    // Absent without the sandbox's log.
    ...(arrived && { arrivals: arrived.figures }),
    certified: !findings.some(
      (each) =>
        each.breach && each.place?.account === place.account && each.place.endpoint === place.endpoint,
    ),
  };
}

/** Calls made beside those that were possible in the same time. @param documented the first policy */
function utilisationOf({ calls, changes }: BudgetHistory, spans: readonly Span[], documented: Policy) {
  const made = calls.filter(({ judged, end }) => judged && end !== 'returned').length;
  const possible = spans.reduce((sum, span) => sum + possibleIn(span, changes, documented), 0);
  return { made, possible };
}

function possibleIn(
  { timeline, from, to }: Span,
  changes: BudgetHistory['changes'],
  documented: Policy,
): number {
  const before = changes.filter(
    (each) => each.timeline < timeline || (each.timeline === timeline && each.at <= from),
  );
  const within = changes.filter((each) => each.timeline === timeline && each.at > from);
  let policy = before.at(-1)?.policy ?? documented;
  let since = from;
  let possible = 0;
  for (const next of within) {
    possible += mostWithin(next.at - since, policy);
    policy = next.policy;
    since = next.at;
  }
  return possible + mostWithin(to - since + 1, policy);
}

/** No interval [from, from + ms) can hold more. */
const mostWithin = (ms: number, { limit, windowMs }: Policy): number => limit * Math.ceil(ms / windowMs);

/** A promise is kept when the call starts at most this much later than was promised. Project ms. */
const slackMs = 1_000;

/** Whether those who waited ran when they had been told that they would, as far as they were told. */
function promisesOf(calls: readonly StartedCall[]) {
  const lateness = calls.flatMap(({ judged, startedAt, firstEstimate }) =>
    judged && firstEstimate !== undefined ? [startedAt - firstEstimate] : [],
  );
  const broken = lateness.filter((late) => late > slackMs).length;
  return {
    kept: lateness.length - broken,
    broken,
    /** Project ms; 0 when none came later than promised. */
    worstLatenessMs: lateness.reduce((a, b) => Math.max(a, b), 0),
  };
}

/** From the first ask to the start, project ms: the longest of each lane that called at all. */
function longestWaits(calls: readonly StartedCall[]): Partial<Record<Lane, number>> {
  const longest: Partial<Record<Lane, number>> = {};
  for (const { judged, lane, startedAt, requestedAt } of calls) {
    if (!judged || requestedAt === undefined) continue;
    longest[lane] = Math.max(longest[lane] ?? 0, startedAt - requestedAt);
  }
  return longest;
}

/** Every partition that was looked at. */
export type Audit = ReturnType<typeof audit>;

interface Evidence {
  /** Of any partitions; those of one are in their order. */
  readonly entries: readonly StoredEntry[];
  readonly log?: SandboxLog;
  /** Whether all partitions are there: only then is a key that none of them knows a stranger's. */
  readonly complete: boolean;
}

export function audit({ entries, log, complete }: Evidence, rules: Rules) {
  const upstream = log && { ...log, watched: watchedBy(log.arrivals) };
  const partitions = [...Map.groupBy(entries, ({ partition }) => partition)]
    .toSorted(([a], [b]) => a - b)
    .map(([partition, its]) => certify(partition, its, rules, upstream));
  return {
    certified: partitions.every(({ certified }) => certified),
    partitions,
    /** What is about no partition. */
    findings: complete ? strangers(partitions, log?.arrivals ?? []) : [],
  };
}

function strangers(partitions: readonly Certificate[], arrivals: readonly LoggedArrival[]): Finding[] {
  const accounts = partitions.flatMap((each) => each.accounts.map(({ account }) => account));
  const unknown = arrivals.filter(
    (each) => each.budget !== null && !accounts.some((account) => isOf(each, account)),
  );
  if (unknown.length === 0) return [];
  const keys = new Set(unknown.map(({ key }) => key));
  const says = `${count(unknown.length, 'call')} came with keys that no journal knows: ${listed([...keys])}.`;
  return [remark('unknown_keys', says)];
}
