import type { Attribution, JournalEntry, Outcome, Policy } from '@paceline/shared/contracts';
import type { BudgetPlace } from './findings.ts';
import type { BudgetRules } from './rules.ts';

/** A journal entry with its position in the stream. */
export interface StoredEntry {
  readonly partition: number;
  /** In the stream that all partitions share. */
  readonly sequence: number;
  /** When the broker stored it, real ms since the epoch. */
  readonly storedAt: number;
  readonly entry: JournalEntry;
}

/** A call that arrived upstream in [startedAt, arrivesBy], as one of its budgets counts it. Project ms by the ledger. */
export interface StartedCall {
  readonly permit: string;
  readonly lane: string;
  /** Undefined when only a snapshot knows the call. */
  readonly endpoint: string | undefined;
  readonly startedAt: number;
  arrivesBy: number;
  /** Largest lag of the ledger's time behind project time over this call's entries, ms. */
  lag: number;
  /** `returned`: never sent. */
  end: 'open' | 'settled' | 'returned';
  outcome: Outcome | undefined;
  /** Entry that booked it. */
  readonly sequence: number;
  /** Index among the calls of its budget, in booking order. */
  readonly order: number;
  readonly timeline: number;
  /** The policy in force when it started. */
  readonly policy: Policy;
  /** Calls with a lower `order` were made under a looser policy. */
  readonly strictFrom: number;
  /** The probe after a pause, at the time that upstream named. */
  readonly invited: boolean;
  /** False for calls known only from a snapshot: counted, not audited. */
  readonly judged: boolean;
  readonly requestedAt: number | undefined;
  readonly firstEstimate: number | undefined;
}

/** A 429 as the journal records it. */
export interface Rejection {
  readonly permit: string;
  readonly sequence: number;
  readonly at: number;
  /** The policy in force until then. */
  readonly kept: Policy;
  readonly attribution: Attribution;
  /** Undefined when it was started before the journal starts. */
  readonly call: StartedCall | undefined;
  /** End of upstream's pause, and the policy that it named. */
  closedUntil: number | undefined;
  named: Policy | undefined;
}

/** One account's budget before its first fact. */
export const freshBudget = (place: BudgetPlace, rules: BudgetRules) => ({
  place,
  rules,
  calls: [] as StartedCall[],
  byPermit: new Map<string, StartedCall>(),
  rejections: [] as Rejection[],
  /** Policy changes in order. */
  changes: [] as Array<{ at: number; timeline: number; policy: Policy }>,
  /** The policy in force; `named`: set by upstream or an operator, not the documented one. */
  policy: rules.documented,
  named: false,
  /** What 429s have taught, and what an operator has set, instead of the documented policy: no header loosens it. */
  floor: { upstream: null as Policy | null, operator: null as Policy | null },
  strictFrom: 0,
  pausedUntil: { upstream: 0, operator: 0 },
  probing: false,
});

export type BudgetHistory = ReturnType<typeof freshBudget>;

/** An audited span of ledger time. A new one starts when the broker's clock was set back. */
export interface AuditedSpan {
  readonly timeline: number;
  readonly from: number;
  to: number;
}
