import { createVirtualClock } from '@paceline/shared/clock';
import { callTimeout } from '@paceline/shared/config';
import type { Attribution, JournalEntry, Outcome, Policy } from '@paceline/shared/contracts';
import { type Budget, budgetNames, type Lane, limitsOf, type Tier } from '@paceline/shared/definition';
import type { BudgetPlace } from './findings.ts';

/** An entry as the broker holds it. */
export interface StoredEntry {
  readonly partition: number;
  /** Its sequence in the stream, which all partitions share. */
  readonly sequence: number;
  /** When the broker stored it, real ms since the epoch. */
  readonly storedAt: number;
  readonly entry: JournalEntry;
}

/** What is known beside the journal. */
export interface Rules {
  /** The policies that are kept until upstream or an operator says otherwise. */
  readonly documented: Readonly<Record<Budget, Policy>>;
  /** A call may be under way for as long, project ms. */
  readonly callTimeout: Readonly<Record<Budget, number>>;
}

/** The time-outs are those of real time: on a faster clock calls are given longer, never shorter. */
export const rulesOf = (tier: Tier): Rules => ({
  documented: limitsOf(tier),
  callTimeout: Object.fromEntries(
    budgetNames.map((budget) => [budget, callTimeout(budget, createVirtualClock())]),
  ) as Record<Budget, number>,
});

/** A started call: it arrived upstream in [startedAt, arrivesBy]. Moments are project ms by the ledger. */
export interface StartedCall {
  readonly permit: string;
  readonly lane: Lane;
  readonly startedAt: number;
  arrivesBy: number;
  /** How far the ledger's time lay behind the project's at the most, as far as this call is told of, ms. */
  lag: number;
  /** `returned`: it never left, and never will. */
  end: 'open' | 'settled' | 'returned';
  outcome: Outcome | undefined;
  /** The entry that booked it. */
  readonly sequence: number;
  /** Its place among the calls of its budget, as they were booked. */
  readonly order: number;
  readonly timeline: number;
  /** The policy in force when it started. */
  readonly policy: Policy;
  /** Calls before this place were made before the policy was known to be as strict. */
  readonly strictFrom: number;
  /** Upstream named the moment: it went ahead to see whether upstream is open again. */
  readonly invited: boolean;
  /** False: it is known only as what later calls stand beside. */
  readonly judged: boolean;
  readonly requestedAt: number | undefined;
  readonly firstEstimate: number | undefined;
}

/** A 429, as the journal tells of it. */
export interface Rejection {
  readonly permit: string;
  readonly sequence: number;
  readonly at: number;
  /** The policy that was kept until then. */
  readonly kept: Policy;
  readonly attribution: Attribution;
  /** Unknown when it was started before the journal begins. */
  readonly call: StartedCall | undefined;
  /** Until when upstream closed the budget, and the policy that it named. */
  closedUntil: number | undefined;
  named: Policy | undefined;
}

/** One account's budget, as its facts tell it; at first it keeps what is documented. */
export const freshBudget = (place: BudgetPlace, rules: Rules) => ({
  place,
  calls: [] as StartedCall[],
  byPermit: new Map<string, StartedCall>(),
  rejections: [] as Rejection[],
  /** Policies, each from its moment on. */
  changes: [] as Array<{ at: number; timeline: number; policy: Policy }>,
  /** The policy in force; `named` by upstream or an operator, or else documented. */
  policy: rules.documented[place.endpoint],
  named: false,
  strictFrom: 0,
  pausedUntil: { upstream: 0, operator: 0 },
  probing: false,
});

export type BudgetHistory = ReturnType<typeof freshBudget>;

/** A stretch of the ledger's time that was looked at. Where the broker's clock was set back another one begins. */
export interface Span {
  readonly timeline: number;
  readonly from: number;
  to: number;
}
