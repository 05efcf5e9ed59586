import { humanDuration as spanOf } from '@paceline/shared/words';

/** Findings that deny the certificate. */
export type ViolationKind =
  /** More calls than the policy allows could have arrived within one window. */
  | 'over_limit'
  /** More calls than the policy allows did arrive within one window, by the sandbox's clock. */
  | 'arrived_over_limit'
  /** A permit was returned as unused, but its call arrived. */
  | 'returned_arrived'
  /** Settled with a later arrival than booked at the start, so calls started since then counted too little. */
  | 'late_settle'
  /** Settled with an earlier arrival than the limiter could know. */
  | 'early_settle'
  /** Booked for less time than the call timeout. */
  | 'short_interval'
  | 'started_twice'
  /** Restored although the journal has it. */
  | 'restored_twice'
  | 'ended_twice'
  /** A settle, return or 429 for a call that was never started. */
  | 'never_started'
  /** Ended under another endpoint than it was started for, so that other budgets would count it. */
  | 'other_endpoint'
  /** A snapshot has the call in some budgets of its endpoint, but not in all in which it still counts. */
  | 'booked_in_part'
  /** The upstream's file has no such endpoint or budget. */
  | 'unknown_name'
  /** An unforced call was started ahead of the share of the window that had passed. */
  | 'ahead_of_pace'
  /** Started under a claim that is not in force. */
  | 'stale_owner'
  | 'started_in_pause'
  /** After a pause, a second call started before the probe had returned. */
  | 'second_probe'
  /** The journal was lost, and a call started before the lost calls had left the window. */
  | 'started_after_loss'
  | 'time_went_back'
  | 'out_of_order'
  /** `recoverFrom` names a missing entry, or one that is not a snapshot. */
  | 'invalid_recovery_entry'
  /** A snapshot disagrees with the facts. */
  | 'snapshot_mismatch'
  /** A 429 records another policy than the one in force. */
  | 'policy_mismatch'
  /** Headers loosened the documented policy, or what a 429 has taught or an operator has set. */
  | 'loosened';

/** Findings that explain a certificate without denying it. */
type NoteKind =
  | 'rejected'
  | 'attribution_mismatch'
  | 'rejection_not_journalled'
  | 'older_calls_overlap'
  | 'journal_lost'
  | 'call_restored'
  | 'entries_missing'
  | 'clock_set_back'
  | 'history_purged'
  | 'foreign_calls'
  | 'never_arrived'
  | 'arrived_outside_interval'
  | 'unknown_keys';

export interface BudgetPlace {
  readonly account: string;
  /** A budget, or an endpoint whose calls count in several. */
  readonly endpoint: string;
}

export type Finding = {
  /** Absent when the finding concerns the whole partition. */
  readonly place?: BudgetPlace;
  /** Journal entry. */
  readonly sequence?: number;
  readonly message: string;
} & (
  | { readonly violation: true; readonly kind: ViolationKind }
  | { readonly violation: false; readonly kind: NoteKind }
);

type FindingPlace = Pick<Finding, 'place' | 'sequence'>;

export const violation = (kind: ViolationKind, message: string, where: FindingPlace = {}): Finding => ({
  violation: true,
  kind,
  message,
  ...where,
});

export const note = (kind: NoteKind, message: string, where: FindingPlace = {}): Finding => ({
  violation: false,
  kind,
  message,
  ...where,
});

/** `2026-11-24 18:24:31.402` */
export const when = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', '');

/** Duration to the millisecond, since a call can be early by one. */
export const howLong = (ms: number): string => spanOf(ms, 3);

/** `a, b, c and 4 more` */
export function listed(names: readonly string[], shown = 5): string {
  const more = names.length - shown;
  return names.slice(0, shown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
