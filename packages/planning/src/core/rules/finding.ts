import type { SyncKind } from '@paceline/shared/definition';

/** What a plan does, moment by moment. */
export interface Moment {
  /** Project ms. */
  readonly at: number;
  readonly says: string;
}

/** Something that a plan can't do (an error), or that whoever runs it should know (a warning). */
export interface Finding {
  readonly rule: 'collision' | 'overrun' | 'demand' | 'promise';
  readonly severity: 'error' | 'warning';
  readonly kinds: readonly SyncKind[];
  /** In plain words, with times of the plan's time zone. */
  readonly message: string;
  /** An example. */
  readonly timeline: readonly Moment[];
}
