import type { Answer, Conflict, Fact, Offer } from '@paceline/shared/contracts';

/** An offer and the client that it goes to. */
export interface Offered {
  readonly client: string;
  readonly offer: Offer;
}

/**
 * What an ask comes to. The answer may be given once the facts are in the journal; the rest is told to whom it
 * concerns.
 */
export interface Decision {
  readonly answer: Answer;
  readonly facts: readonly Fact[];
  readonly offers: readonly Offered[];
  readonly conflicts: readonly Conflict[];
}

export const answered = (answer: Answer, more: Partial<Omit<Decision, 'answer'>> = {}): Decision => ({
  answer,
  facts: [],
  offers: [],
  conflicts: [],
  ...more,
});
