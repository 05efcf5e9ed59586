import {
  type Attribution,
  type BudgetRecord,
  type Fact,
  type JournalEntry,
  type Outcome,
  type Policy,
  upstreamOf,
} from '@paceline/shared/contracts';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import type { LoggedArrival, ProjectTime } from './arrivals.ts';
import { audit, type Audit } from './audit.ts';
import type { StoredEntry } from './history.ts';
import { type Rules, rulesOf } from './rules.ts';

const startsAt = 1_800_000_000_000;
/** How long an unsettled call counts as in flight. */
const longestCallMs = 200_000;

interface StartOptions {
  readonly latestIn?: number;
  /** Default: that of the journal. */
  readonly endpoint?: string;
  readonly lane?: string;
  readonly requestedAt?: number;
  readonly firstEstimate?: number;
}

export interface JournalWriterOptions {
  readonly account?: string;
  readonly partition?: number;
  /** Last sequence in the stream, and the step between sequences (other partitions write to it too). */
  readonly after?: number;
  readonly step?: number;
  readonly rules?: Rules;
}

/**
 * Writes a journal by hand, as a limiter would. Times are ms since its start; a permit is named by the part of its id
 * after the epoch. One method per kind of fact, hence its length.
 */
export function createJournalWriter(
  endpoint = 'signups',
  {
    account = 'key-0123456789ab',
    partition = 3,
    after = 40,
    step = 3,
    rules = rulesOf(loadUpstreams({}), () => 'standard'),
  }: JournalWriterOptions = {},
) {
  const entries: StoredEntry[] = [];
  const place = { account, endpoint };
  const endpoints = new Map<string, string>();
  const placeOf = (name: string) => ({ account, endpoint: endpoints.get(name) ?? endpoint });
  let sequence = after;
  let recoverFrom = 0;
  let epoch = 0;
  const permits = new Map<string, string>();
  const permitOf = (name: string) => permits.get(name) ?? name;
  const store = (entry: JournalEntry): number => {
    const previous = entries.length === 0 ? 0 : sequence;
    sequence += step;
    entries.push({ partition, sequence, storedAt: startsAt + entries.length, entry: { ...entry, previous } });
    return sequence;
  };

  const writer = {
    entries,
    at: (ms: number) => startsAt + ms,
    permitOf,
    facts: (...facts: Fact[]) => store({ entry: 'facts', recoverFrom, facts }),
    recoverFrom(from: number) {
      recoverFrom = from;
    },
    claim(at = 0, owner = 'limiter'): number {
      epoch = writer.facts({ fact: 'claimed', owner, at: startsAt + at });
      return epoch;
    },
    /** @param under epoch (default that of the last claim) */
    start(
      name: string,
      at: number,
      {
        latestIn = longestCallMs,
        endpoint: group = endpoint,
        lane = 'far_event_sync',
        requestedAt = at,
        firstEstimate,
      }: StartOptions = {},
      under = epoch,
    ) {
      const permit = permits.get(name) ?? `${under}-${name}`;
      permits.set(name, permit);
      endpoints.set(name, group);
      return writer.facts({
        fact: 'started',
        ...placeOf(name),
        interval: {
          permit,
          lane,
          startedAt: startsAt + at,
          arrivesBy: startsAt + at + latestIn,
          settled: false,
        },
        requestedAt: startsAt + requestedAt,
        firstEstimate: firstEstimate === undefined ? null : startsAt + firstEstimate,
      });
    },
    /** @param outcome default answered */
    settle(name: string, at: number, arrivesBy = at, outcome: Outcome = { result: 'answered', status: 200 }) {
      return writer.facts(writer.settled(name, at, arrivesBy, outcome));
    },
    settled: (name: string, at: number, arrivesBy: number, outcome: Outcome): Fact => ({
      fact: 'settled',
      ...placeOf(name),
      permit: permitOf(name),
      arrivesBy: startsAt + arrivesBy,
      outcome,
      at: startsAt + at,
    }),
    returned: (name: string, at: number) =>
      writer.facts({ fact: 'returned', ...placeOf(name), permit: permitOf(name), at: startsAt + at }),
    /** A 429 with all its facts in one entry. */
    rejected(
      name: string,
      at: number,
      {
        kept,
        until,
        named,
        attribution,
      }: { kept: Policy; until: number; named?: Policy; attribution: Attribution },
    ) {
      const outcome: Outcome = {
        result: 'answered',
        status: 429,
        retryAfterMs: until - at,
        ...(named && { learned: named }),
      };
      return writer.facts(
        writer.settled(name, at, at, outcome),
        {
          fact: 'rejected',
          ...place,
          permit: permitOf(name),
          at: startsAt + at,
          policy: kept,
          attribution,
          ...(named && { learned: named }),
        },
        {
          fact: 'paused',
          ...place,
          by: 'upstream',
          at: startsAt + at,
          until: startsAt + until,
          consecutiveRejections: 1,
        },
        ...(named ? [writer.policy(named, at, 'upstream')] : []),
      );
    },
    restored: (name: string, startedAt: number, arrivesBy: number, at: number) =>
      writer.facts({
        fact: 'call_restored',
        ...place,
        interval: { ...writer.interval(name, startedAt, arrivesBy), restored: true },
        at: startsAt + at,
      }),
    paused: (at: number, until: number) =>
      writer.facts({
        fact: 'paused',
        ...place,
        by: 'operator',
        at: startsAt + at,
        until: startsAt + until,
        consecutiveRejections: 0,
      }),
    policy: (policy: Policy | null, at: number, by: 'upstream' | 'operator' = 'operator'): Fact => ({
      fact: 'policy_changed',
      ...place,
      by,
      at: startsAt + at,
      policy,
      unknownUntil: null,
    }),
    snapshot: (at: number, records: readonly Partial<BudgetRecord>[]) =>
      store({
        entry: 'snapshot',
        recoverFrom,
        owner: 'limiter',
        at: startsAt + at,
        lostAt: null,
        budgets: records.map((record) => ({
          ...place,
          intervals: [],
          pausedUntil: { upstream: null, operator: null },
          probing: false,
          policy: null,
          unknownUntil: null,
          consecutiveRejections: 0,
          lastRejected: null,
          ...record,
        })),
      }),
    interval: (name: string, startedAt: number, arrivesBy: number): BudgetRecord['intervals'][number] => ({
      permit: permitOf(name),
      lane: 'far_event_sync',
      startedAt: startsAt + startedAt,
      arrivesBy: startsAt + arrivesBy,
      settled: true,
    }),
    /** @param budgets in which it counts */
    arrival: (at: number, verdict = 'accepted', budgets = [endpoint]): LoggedArrival => ({
      arrivedAt: startsAt + at,
      key: '01234567',
      policies: Object.fromEntries(budgets.map((each) => [each, { limit: 1, windowMs: 60_000 }])),
      verdict,
    }),
    audit: (arrivals?: readonly LoggedArrival[], projectTime?: ProjectTime): Audit =>
      audit(
        {
          entries,
          complete: true,
          logs: arrivals
            ? [{ upstream: upstreamOf(account), arrivals, ...(projectTime && { projectTime }) }]
            : [],
        },
        rules,
      ),
  };
  return writer;
}

const findingsOf = ({ partitions, findings }: Audit) => [
  ...partitions.flatMap((each) => each.findings),
  ...findings,
];

/** Kinds of the findings, without duplicates. */
export const kindsOf = (judged: Audit): string[] => [...new Set(findingsOf(judged).map(({ kind }) => kind))];

/** Messages of the findings of a kind. */
export const messagesOf = (judged: Audit, kind: string): string[] =>
  findingsOf(judged)
    .filter((each) => each.kind === kind)
    .map(({ message }) => message);

/** The certificate of the only budget. */
export function budgetOf({ partitions }: Audit) {
  const budget = partitions[0]?.accounts[0]?.budgets[0];
  if (!budget) throw new Error('no budget was audited');
  return budget;
}
