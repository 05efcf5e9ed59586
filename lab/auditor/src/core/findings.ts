import type { Budget } from '@paceline/shared/definition';
import { humanDuration as spanOf } from '@paceline/shared/words';

/** What takes the certificate away. */
export type Breach =
  /** More calls than the policy allows could have arrived within one window. */
  | 'over_full'
  /** More calls than that did arrive, by the sandbox's own clock. */
  | 'arrived_over_full'
  /** A call that was given back as never sent did arrive. */
  | 'returned_arrived'
  /** A settle makes a call arrive later than was booked at its start, so those that started since counted on too little. */
  | 'late_settle'
  /** A settle makes a call arrive earlier than anybody could know. */
  | 'early_settle'
  /** A call was booked to arrive sooner than it may take. */
  | 'short_interval'
  | 'started_twice'
  | 'ended_twice'
  /** A settle, a return or a 429 of a call that was never started. */
  | 'never_started'
  /** A start under a claim that is not the one in force. */
  | 'stale_owner'
  | 'started_in_pause'
  /** After a pause one call goes ahead: another one went with it. */
  | 'not_alone'
  /** The journal of before was lost, and a call was started before what it held had left the window. */
  | 'started_unknowing'
  | 'time_went_back'
  | 'out_of_order'
  /** Whoever recovers is sent to an entry that is not there, or that does not state anything anew. */
  | 'recovers_from_nothing'
  /** A budget was stated anew, and not as the facts have it. */
  | 'restated_otherwise'
  /** A 429 tells of a kept policy that is not the one in force. */
  | 'other_policy';

/** What whoever reads a certificate should know beside it. */
type Remark =
  | 'rejected'
  | 'attributed_otherwise'
  | 'rejected_unheard'
  | 'older_calls_overlap'
  | 'journal_lost'
  | 'clock_set_back'
  | 'history_begins_later'
  | 'foreign_callers'
  | 'never_arrived'
  | 'arrived_beside_interval'
  | 'unknown_keys';

export interface BudgetPlace {
  readonly account: string;
  readonly endpoint: Budget;
}

/** One thing that was found, in a sentence. */
export type Finding = {
  /** Absent: it is about the whole partition. */
  readonly place?: BudgetPlace;
  /** The entry of the journal that it is about. */
  readonly sequence?: number;
  readonly says: string;
} & ({ readonly breach: true; readonly kind: Breach } | { readonly breach: false; readonly kind: Remark });

type Where = Pick<Finding, 'place' | 'sequence'>;

export const breach = (kind: Breach, says: string, where: Where = {}): Finding => ({
  breach: true,
  kind,
  says,
  ...where,
});

export const remark = (kind: Remark, says: string, where: Where = {}): Finding => ({
  breach: false,
  kind,
  says,
  ...where,
});

/** A moment as people read it: `2026-11-24 18:24:31.402`. */
export const when = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', '');

/** A span to the millisecond: whether a call came too early is a matter of few. */
export const howLong = (ms: number): string => spanOf(ms, 3);

/** The first few, and how many more there are. */
export function listed(names: readonly string[], shown = 5): string {
  const more = names.length - shown;
  return names.slice(0, shown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
