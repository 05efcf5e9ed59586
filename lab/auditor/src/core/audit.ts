import type { Policy } from '@paceline/shared/contracts';
import type { Lane } from '@paceline/shared/definition';
import { count } from '@paceline/shared/words';
import { type LoggedArrival, isOf, type SandboxLog, type LoggedTime, loggedTime } from './arrivals.ts';
import { type Finding, listed, note } from './findings.ts';
import {
  type BudgetHistory,
  type StartedCall,
  freshBudget,
  type Rules,
  type AuditedSpan,
  type StoredEntry,
} from './history.ts';
import { judgeArrivals } from './judge-arrivals.ts';
import { rebuild } from './rebuild.ts';
import { explainRejections } from './rejections.ts';
import { judgeWindows } from './windows.ts';

export type BudgetCertificate = ReturnType<typeof certificateOf>;

/** Result for one partition. */
export type Certificate = ReturnType<typeof certify>;

export type AccountCertificate = Certificate['accounts'][number];

/** The sandbox's log and the time span it covers. */
interface UpstreamLog extends SandboxLog {
  readonly watched: LoggedTime;
}

/** Audits one partition: windows, ledger rules and every 429. @param entries oldest first */
function certify(partition: number, entries: readonly StoredEntry[], rules: Rules, upstream?: UpstreamLog) {
  const { spans, budgets, findings: ledgerFindings } = rebuild(entries, rules, upstream?.projectTime);
  const all = [...budgets, ...budgetsOnlyInLog(budgets, rules, upstream)];
  const results = all.map((budget) => judgeBudget(budget, spans, rules, upstream));
  const findings = [...ledgerFindings, ...results.flatMap((each) => each.findings)];
  const accounts = Map.groupBy(results, ({ budget }) => budget.place.account);
  return {
    partition,
    certified: !findings.some(({ violation }) => violation),
    entries: entries.length,
    /** Audited time span, project ms; null for an empty one. */
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

type BudgetResult = ReturnType<typeof judgeBudget>;

function judgeBudget(
  budget: BudgetHistory,
  spans: readonly AuditedSpan[],
  rules: Rules,
  upstream?: UpstreamLog,
) {
  const { endpoint } = budget.place;
  const windows = judgeWindows(budget);
  const arrived = upstream && judgeArrivals(budget, arrivalsOn(budget, spans, upstream), upstream.watched);
  return {
    budget,
    windows,
    arrived,
    utilisation: utilisationOf(budget, spans, rules.documented[endpoint]),
    estimates: estimatesOf(budget.calls, rules.estimateTolerance),
    findings: [
      ...windows.findings,
      ...explainRejections(budget, (call) => arrived?.seenOf(call)),
      ...(arrived?.findings ?? []),
    ],
  };
}

/** Budgets that appear in the sandbox's log but not in the journal. */
function budgetsOnlyInLog(
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

/** Arrivals on this budget within the audited time, oldest first. */
function arrivalsOn(
  { place }: BudgetHistory,
  spans: readonly AuditedSpan[],
  { arrivals }: UpstreamLog,
): LoggedArrival[] {
  const from = spans[0]?.from ?? Infinity;
  return arrivals
    .filter((each) => each.budget === place.endpoint && each.arrivedAt >= from && isOf(each, place.account))
    .toSorted((a, b) => a.arrivedAt - b.arrivedAt);
}

function certificateOf(
  { budget, windows, arrived, utilisation, estimates }: BudgetResult,
  findings: readonly Finding[],
) {
  const { place, policy, rejections } = budget;
  return {
    endpoint: place.endpoint,
    /** In force at the end. */
    policy,
    calls: utilisation.made,
    /** The window into which the most calls, relative to the limit, could have arrived. */
    fullest: windows.fullest,
    utilisation,
    rejected: rejections.length,
    estimates,
    // Absent without the sandbox's log.
    ...(arrived && { arrivals: arrived.figures }),
    certified: !findings.some(
      (each) =>
        each.violation && each.place?.account === place.account && each.place.endpoint === place.endpoint,
    ),
  };
}

/** Calls made and calls possible in the audited time. @param documented the initial policy */
function utilisationOf({ calls, changes }: BudgetHistory, spans: readonly AuditedSpan[], documented: Policy) {
  const made = calls.filter(({ judged, end }) => judged && end !== 'returned').length;
  const possible = spans.reduce((sum, span) => sum + possibleIn(span, changes, documented), 0);
  return { made, possible };
}

function possibleIn(
  { timeline, from, to }: AuditedSpan,
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
    possible += maxCallsWithin(next.at - since, policy);
    policy = next.policy;
    since = next.at;
  }
  return possible + maxCallsWithin(to - since + 1, policy);
}

/** No interval [from, from + ms) can hold more. */
const maxCallsWithin = (ms: number, { limit, windowMs }: Policy): number => limit * Math.ceil(ms / windowMs);

function estimatesOf(calls: readonly StartedCall[], tolerance: number) {
  const lateness = calls.flatMap(({ judged, startedAt, firstEstimate }) =>
    judged && firstEstimate !== undefined ? [startedAt - firstEstimate] : [],
  );
  const missed = lateness.filter((late) => late > tolerance).length;
  return {
    kept: lateness.length - missed,
    missed,
    /** Project ms; 0 when no call was late. */
    worstLatenessMs: lateness.reduce((a, b) => Math.max(a, b), 0),
  };
}

/** Longest time from request to start per lane, project ms; lanes without calls are absent. */
function longestWaits(calls: readonly StartedCall[]): Partial<Record<Lane, number>> {
  const longest: Partial<Record<Lane, number>> = {};
  for (const { judged, lane, startedAt, requestedAt } of calls) {
    if (!judged || requestedAt === undefined) continue;
    longest[lane] = Math.max(longest[lane] ?? 0, startedAt - requestedAt);
  }
  return longest;
}

/** Result for all audited partitions. */
export type Audit = ReturnType<typeof audit>;

interface Evidence {
  /** Of any partitions; in stream order within each. */
  readonly entries: readonly StoredEntry[];
  readonly log?: SandboxLog;
  /** All partitions are included, so a key that none of them knows is foreign. */
  readonly complete: boolean;
}

export function audit({ entries, log, complete }: Evidence, rules: Rules) {
  const upstream = log && { ...log, watched: loggedTime(log.arrivals) };
  const partitions = [...Map.groupBy(entries, ({ partition }) => partition)]
    .toSorted(([a], [b]) => a - b)
    .map(([partition, its]) => certify(partition, its, rules, upstream));
  return {
    certified: partitions.every(({ certified }) => certified),
    partitions,
    /** Findings that concern no partition. */
    findings: complete ? unknownKeys(partitions, log?.arrivals ?? []) : [],
  };
}

function unknownKeys(partitions: readonly Certificate[], arrivals: readonly LoggedArrival[]): Finding[] {
  const accounts = partitions.flatMap((each) => each.accounts.map(({ account }) => account));
  const unknown = arrivals.filter(
    (each) => each.budget !== null && !accounts.some((account) => isOf(each, account)),
  );
  if (unknown.length === 0) return [];
  const keys = new Set(unknown.map(({ key }) => key));
  const message = `${count(unknown.length, 'call')} used keys that no journal contains: ${listed([...keys])}.`;
  return [note('unknown_keys', message)];
}
