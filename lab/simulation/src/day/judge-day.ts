import { audit } from '@paceline/auditor/audit';
import { rulesOf } from '@paceline/auditor/rules';
import { columns } from '@paceline/kit/table';
import { partitionOf } from '@paceline/shared/limiter';
import type { Upstream } from '@paceline/shared/upstreams';
import { humanDuration } from '@paceline/shared/words';
import { day } from './demand.ts';
import { accountIn, type DayResult } from './simulate-day.ts';

/** A budget's day: how much of it was used, and the fullest of its windows, by the sandbox's count. */
function budgetDay({ arrivals }: DayResult, { budgets }: Upstream, name: string) {
  const { limits, reserve, label } = budgets[name]!;
  const { limit, windowMs } = limits.standard;
  const its = arrivals.filter((each) => each.budgets.includes(name));
  const spans = Map.groupBy(its, ({ arrivedAt }) => Math.floor(arrivedAt / windowMs));
  return {
    name,
    label,
    windowMs,
    limit,
    reserve,
    calls: its.length,
    rejected: its.filter(({ rejected }) => rejected).length,
    fullest: Math.max(0, ...[...spans.values()].map(({ length }) => length)),
  };
}

/** What callers of a lane got. Ms. */
function laneDay({ requests }: DayResult, lane: string, endpoint: string) {
  const its = requests.filter((each) => each.lane === lane && each.endpoint === endpoint);
  const waits = its
    .flatMap(({ at, startedAt }) => (startedAt === undefined ? [] : [startedAt - at]))
    .toSorted((a, b) => a - b);
  return {
    lane,
    endpoint,
    requested: its.length,
    called: waits.length,
    gaveUp: its.filter(({ startedAt }) => startedAt === undefined).length,
    medianWait: waits[Math.floor(waits.length / 2)] ?? 0,
    longestWait: waits.at(-1) ?? 0,
  };
}

/** The day by budget and by lane, and the auditor's verdict on the limiter's journal. */
export function judgeDay(result: DayResult, upstream: Upstream) {
  const partition = partitionOf(accountIn(upstream));
  const entries = result.entries.map((entry, index) => ({
    partition,
    sequence: index + 1,
    storedAt: result.midnight + index,
    entry,
  }));
  const rules = rulesOf({ [upstream.name]: upstream }, () => 'standard');
  const pairs = new Set(result.requests.map(({ lane, endpoint }) => `${lane} ${endpoint}`));
  return {
    budgets: Object.keys(upstream.budgets).map((name) => budgetDay(result, upstream, name)),
    lanes: [...pairs].map((pair) => {
      const [lane = '', endpoint = ''] = pair.split(' ');
      return laneDay(result, lane, endpoint);
    }),
    audit: audit({ entries, logs: [], complete: true }, rules),
  };
}

export function reportDay({ budgets, lanes, audit: { certified } }: ReturnType<typeof judgeDay>): string {
  const duration = (ms: number) => (ms === 0 ? '0' : humanDuration(ms));
  return [
    columns(
      ['budget', 'limit', 'reserve', 'calls', 'used', 'fullest', '429'],
      budgets.map(({ name, windowMs, limit, reserve, calls, fullest, rejected }) => [
        name,
        String(limit),
        String(reserve),
        String(calls),
        // Windows shorter than the day open many times in it.
        windowMs === day ? `${((100 * calls) / limit).toFixed(1)} %` : '-',
        `${fullest} of ${limit}`,
        String(rejected),
      ]),
    ),
    columns(
      ['lane', 'calls', 'requested', 'called', 'gave up', 'median wait', 'longest wait'],
      lanes.map((each) => [
        each.lane,
        each.endpoint,
        String(each.requested),
        String(each.called),
        String(each.gaveUp),
        duration(each.medianWait),
        duration(each.longestWait),
      ]),
    ),
    `The auditor ${certified ? 'certifies' : 'does NOT certify'} the journal.`,
  ].join('\n\n');
}
