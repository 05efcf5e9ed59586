import type { AlertType, severities } from '@paceline/shared/contracts';

/** The beginning of a condition's key: its type, and what it is about as far as it has to be told apart. */
export type AlertKey = AlertType | `${AlertType}:${string}`;

/** Something that an operator should know and that holds right now. Moments are project ms. */
export interface Condition {
  readonly type: AlertType;
  /** The same condition has the same key for as long as it lasts. */
  readonly key: AlertKey;
  readonly severity: (typeof severities)[number];
  /** One line: what is wrong. */
  readonly title: string;
  readonly why: string;
  /** What an operator can do. */
  readonly todo: string;
  readonly since: number;
  /** True: it happened and is over; nobody waits for its end. */
  readonly isNews: boolean;
}
