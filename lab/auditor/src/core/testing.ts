import type {
  Attribution,
  BudgetRecord,
  Fact,
  JournalEntry,
  Outcome,
  Policy,
} from '@paceline/shared/contracts';
import type { Budget } from '@paceline/shared/definition';
import type { LoggedArrival, ProjectTime } from './arrivals.ts';
import { audit, type Audit } from './audit.ts';
import { rulesOf, type StoredEntry } from './history.ts';

const began = 1_800_000_000_000;
/** How long a call may be under way when nothing is heard of it. */
const worstMs = 200_000;

interface Started {
  readonly latestIn?: number;
  readonly requestedAt?: number;
  readonly firstEstimate?: number;
}

export interface ScribeOptions {
  readonly account?: string;
  readonly partition?: number;
  /** The last sequence of the stream that it goes on with, and by how much sequences grow: others write to it, too. */
  readonly after?: number;
  readonly step?: number;
}

/**
 * Writes a journal by hand, as a limiter would. Moments are ms since it began; a permit is told by what follows the
 * epoch in its id. Longer than other functions: it is one method for each kind of fact.
 */
export function createScribe(
  endpoint: Budget = 'signups',
  { account = 'key-0123456789ab', partition = 3, after = 40, step = 3 }: ScribeOptions = {},
) {
  const entries: StoredEntry[] = [];
  const place = { account, endpoint };
  let sequence = after;
  let recoverFrom = 0;
  let epoch = 0;
  const permits = new Map<string, string>();
  const permitOf = (name: string) => permits.get(name) ?? name;
  const store = (entry: JournalEntry): number => {
    sequence += step;
    entries.push({ partition, sequence, storedAt: began + entries.length, entry });
    return sequence;
  };

  const scribe = {
    entries,
    at: (ms: number) => began + ms,
    permitOf,
    facts: (...facts: Fact[]) => store({ entry: 'facts', recoverFrom, facts }),
    recoverFrom(from: number) {
      recoverFrom = from;
    },
    claim(at = 0, owner = 'limiter'): number {
      epoch = scribe.facts({ fact: 'claimed', owner, at: began + at });
      return epoch;
    },
    /** @param under the epoch, when it is not the one of the last claim */
    start(
      name: string,
      at: number,
      { latestIn = worstMs, requestedAt = at, firstEstimate }: Started = {},
      under = epoch,
    ) {
      const permit = permits.get(name) ?? `${under}-${name}`;
      permits.set(name, permit);
      return scribe.facts({
        fact: 'started',
        ...place,
        interval: {
          permit,
          lane: 'far_event_sync',
          startedAt: began + at,
          arrivesBy: began + at + latestIn,
          settled: false,
        },
        requestedAt: began + requestedAt,
        firstEstimate: firstEstimate === undefined ? null : began + firstEstimate,
      });
    },
    /** Settled as answered, unless told otherwise. */
    settle(name: string, at: number, arrivesBy = at, outcome: Outcome = { result: 'answered', status: 200 }) {
      return scribe.facts(scribe.settled(name, at, arrivesBy, outcome));
    },
    settled: (name: string, at: number, arrivesBy: number, outcome: Outcome): Fact => ({
      fact: 'settled',
      ...place,
      permit: permitOf(name),
      arrivesBy: began + arrivesBy,
      outcome,
      at: began + at,
    }),
    returned: (name: string, at: number) =>
      scribe.facts({ fact: 'returned', ...place, permit: permitOf(name), at: began + at }),
    /** A 429 as one turn tells of it. */
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
      return scribe.facts(
        scribe.settled(name, at, at, outcome),
        { fact: 'rejected', ...place, permit: permitOf(name), at: began + at, policy: kept, attribution },
        {
          fact: 'paused',
          ...place,
          by: 'upstream',
          at: began + at,
          until: began + until,
          consecutiveRejections: 1,
        },
        ...(named ? [scribe.policy(named, at, 'upstream')] : []),
      );
    },
    paused: (at: number, until: number) =>
      scribe.facts({
        fact: 'paused',
        ...place,
        by: 'operator',
        at: began + at,
        until: began + until,
        consecutiveRejections: 0,
      }),
    policy: (policy: Policy | null, at: number, by: 'upstream' | 'operator' = 'operator'): Fact => ({
      fact: 'policy_changed',
      ...place,
      by,
      at: began + at,
      policy,
      unknownUntil: null,
    }),
    restate: (at: number, records: Array<Partial<BudgetRecord>>) =>
      store({
        entry: 'snapshot',
        recoverFrom,
        owner: 'limiter',
        at: began + at,
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
    /** A call as a record has it. */
    interval: (name: string, startedAt: number, arrivesBy: number): BudgetRecord['intervals'][number] => ({
      permit: permitOf(name),
      lane: 'far_event_sync',
      startedAt: began + startedAt,
      arrivesBy: began + arrivesBy,
      settled: true,
    }),
    arrival: (at: number, verdict = 'accepted'): LoggedArrival => ({
      arrivedAt: began + at,
      key: '01234567',
      budget: endpoint,
      policy: { limit: 1, windowMs: 60_000 },
      verdict,
    }),
    audit: (arrivals?: readonly LoggedArrival[], projectTime?: ProjectTime): Audit =>
      audit(
        {
          entries,
          complete: true,
          ...(arrivals && { log: { arrivals, ...(projectTime && { projectTime }) } }),
        },
        rulesOf('standard'),
      ),
  };
  return scribe;
}

const findingsOf = ({ partitions, findings }: Audit) => [
  ...partitions.flatMap((each) => each.findings),
  ...findings,
];

/** The kinds of what was found, each once. */
export const kindsOf = (judged: Audit): string[] => [...new Set(findingsOf(judged).map(({ kind }) => kind))];

/** What is said of the findings of a kind. */
export const said = (judged: Audit, kind: string): string[] =>
  findingsOf(judged)
    .filter((each) => each.kind === kind)
    .map(({ says }) => says);

/** The certificate of the one budget that a scribe writes of. */
export function budgetOf({ partitions }: Audit) {
  const budget = partitions[0]?.accounts[0]?.budgets[0];
  if (!budget) throw new Error('no budget was judged');
  return budget;
}
