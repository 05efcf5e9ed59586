import { upstreamOf } from '@paceline/shared/contracts';
import { count } from '@paceline/shared/words';
import { type LoggedArrival, isOf, type SandboxLog, type LoggedTime, loggedTime } from './arrivals.ts';
import { type BudgetPlace, type Finding, listed, note } from './findings.ts';
import {
  type BudgetHistory,
  type StartedCall,
  freshBudget,
  type AuditedSpan,
  type StoredEntry,
} from './history.ts';
import { judgeArrivals } from './judge-arrivals.ts';
import { judgePace } from './pace.ts';
import { rebuild } from './rebuild.ts';
import { checkAttributions, explainRejections } from './rejections.ts';
import { type BudgetRules, maxCallsWithin, type Rules, upstreamRules } from './rules.ts';
import { judgeWindows } from './windows.ts';

export type BudgetCertificate = ReturnType<typeof certificateOf>;

/** Result for one partition. */
export type Certificate = ReturnType<typeof certify>;

export type AccountCertificate = Certificate['accounts'][number];

/** The sandbox's log and the time span it covers. */
interface UpstreamLog extends SandboxLog {
  readonly watched: LoggedTime;
}

/** Audits one partition: windows, pace, ledger rules and every 429. @param entries oldest first */
function certify(
  partition: number,
  entries: readonly StoredEntry[],
  rules: Rules,
  logs: readonly UpstreamLog[],
) {
  // All sandboxes of a system have the same clock.
  const projectTime = logs.find((log) => log.projectTime)?.projectTime;
  const { spans, budgets, findings: ledgerFindings } = rebuild(entries, rules, projectTime);
  const all = [...budgets, ...budgetsOnlyInLogs(budgets, rules, logs)];
  const rejected = new Set(budgets.flatMap((each) => each.rejections.map(({ permit }) => permit)));
  const results = all.map((budget) => judgeBudget(budget, { spans, rules, logs, rejected }));
  const findings = [
    ...ledgerFindings,
    ...results.flatMap((each) => each.findings),
    ...checkAttributions(budgets),
  ];
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
      budgets: its.map((each) => certificateOf(each, findings, rules)),
      longestWaits: longestWaits(its.flatMap(({ budget }) => budget.calls)),
    })),
    findings,
  };
}

type BudgetResult = ReturnType<typeof judgeBudget>;

interface Partition {
  readonly spans: readonly AuditedSpan[];
  readonly rules: Rules;
  readonly logs: readonly UpstreamLog[];
  /** Permits with a 429 in the journal. */
  readonly rejected: ReadonlySet<string>;
}

function judgeBudget(budget: BudgetHistory, { spans, rules, logs, rejected }: Partition) {
  const { account } = budget.place;
  const { forcedLanes } = upstreamRules(rules, account);
  const windows = judgeWindows(budget);
  const log = logs.find(({ upstream }) => upstream === upstreamOf(account));
  const arrived = log && judgeArrivals(budget, arrivalsOn(budget, spans, log), log.watched, rejected);
  return {
    budget,
    windows,
    arrived,
    utilisation: utilisationOf(budget, spans),
    estimates: estimatesOf(budget.calls, rules.estimateTolerance),
    findings: [
      ...windows.findings,
      ...judgePace(budget, forcedLanes, rules.startWithin),
      ...explainRejections(budget, (call) => arrived?.seenOf(call)),
      ...(arrived?.findings ?? []),
    ],
  };
}

/** Budgets that appear in a sandbox's log but not in the journal. */
function budgetsOnlyInLogs(
  budgets: readonly BudgetHistory[],
  rules: Rules,
  logs: readonly UpstreamLog[],
): BudgetHistory[] {
  const known = Map.groupBy(budgets, ({ place }) => place.account);
  return [...known].flatMap(([account, its]) => {
    const log = logs.find(({ upstream }) => upstream === upstreamOf(account));
    const arrivals = log?.arrivals.filter((each) => isOf(each, account)) ?? [];
    const called = new Set(arrivals.flatMap(({ policies }) => Object.keys(policies)));
    const others = called.difference(new Set(its.map(({ place }) => place.endpoint)));
    const definitions = upstreamRules(rules, account).budgets;
    return [...others].flatMap((endpoint) => {
      const definition = definitions[endpoint];
      return definition ? [freshBudget({ account, endpoint }, definition)] : [];
    });
  });
}

/** Arrivals that count in this budget, within the audited time, oldest first. */
function arrivalsOn(
  { place }: BudgetHistory,
  spans: readonly AuditedSpan[],
  { arrivals }: UpstreamLog,
): LoggedArrival[] {
  const from = spans[0]?.from ?? Infinity;
  return arrivals
    .filter((each) => place.endpoint in each.policies && each.arrivedAt >= from && isOf(each, place.account))
    .toSorted((a, b) => a.arrivedAt - b.arrivedAt);
}

function certificateOf(
  { budget, windows, arrived, utilisation, estimates }: BudgetResult,
  findings: readonly Finding[],
  rules: Rules,
) {
  const { place, policy, rejections } = budget;
  const { endpoints } = upstreamRules(rules, place.account);
  // A violation names the budget, or an endpoint whose calls count in it.
  const concerns = ({ account, endpoint }: BudgetPlace) =>
    account === place.account &&
    (endpoint === place.endpoint || endpoints[endpoint]?.budgets.includes(place.endpoint) === true);
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
    certified: !findings.some((each) => each.violation && each.place && concerns(each.place)),
  };
}

/** Calls made and calls possible in the audited time. */
function utilisationOf({ calls, changes, rules }: BudgetHistory, spans: readonly AuditedSpan[]) {
  const made = calls.filter(({ judged, end }) => judged && end !== 'returned').length;
  const possible = spans.reduce((sum, span) => sum + possibleIn(span, changes, rules), 0);
  return { made, possible };
}

function possibleIn(
  { timeline, from, to }: AuditedSpan,
  changes: BudgetHistory['changes'],
  rules: BudgetRules,
): number {
  const before = changes.filter(
    (each) => each.timeline < timeline || (each.timeline === timeline && each.at <= from),
  );
  const within = changes.filter((each) => each.timeline === timeline && each.at > from);
  let policy = before.at(-1)?.policy ?? rules.documented;
  let since = from;
  let possible = 0;
  for (const next of within) {
    possible += maxCallsWithin(rules, policy, since, next.at);
    policy = next.policy;
    since = next.at;
  }
  return possible + maxCallsWithin(rules, policy, since, to + 1);
}

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
function longestWaits(calls: readonly StartedCall[]): Record<string, number> {
  const longest: Record<string, number> = {};
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
  /** Of the upstreams that are sandboxes. */
  readonly logs: readonly SandboxLog[];
  /** All partitions are included, so a key that none of them knows is foreign. */
  readonly complete: boolean;
}

export function audit({ entries, logs, complete }: Evidence, rules: Rules) {
  const watched = logs.map((log) => ({ ...log, watched: loggedTime(log.arrivals) }));
  const partitions = [...Map.groupBy(entries, ({ partition }) => partition)]
    .toSorted(([a], [b]) => a - b)
    .map(([partition, its]) => certify(partition, its, rules, watched));
  return {
    certified: partitions.every(({ certified }) => certified),
    partitions,
    /** Findings that concern no partition. */
    findings: complete ? logs.flatMap((log) => unknownKeys(partitions, log)) : [],
  };
}

function unknownKeys(partitions: readonly Certificate[], { upstream, arrivals }: SandboxLog): Finding[] {
  const accounts = partitions.flatMap((each) => each.accounts.map(({ account }) => account));
  const its = accounts.filter((account) => upstreamOf(account) === upstream);
  const unknown = arrivals.filter(
    (each) => Object.keys(each.policies).length > 0 && !its.some((account) => isOf(each, account)),
  );
  if (unknown.length === 0) return [];
  const keys = new Set(unknown.map(({ key }) => key));
  const message = `${count(unknown.length, 'call')} used keys that no journal contains: ${listed([...keys])}.`;
  return [note('unknown_keys', message)];
}
