import type {
  PermitReply,
  PermitRequest,
  Conflict,
  Fact,
  Offer,
  Operation,
} from '@paceline/shared/contracts';

/** What a ledger is asked by clients and by operators, and what it replies. */
export type LedgerRequest = PermitRequest | Operation;
export type Reply = PermitReply | { readonly answer: 'done' };

/** An offer and the client that it goes to. */
export interface Offered {
  readonly client: string;
  readonly offer: Offer;
}

/** What one request comes to. */
export interface Decision {
  readonly answer: Reply;
  readonly facts: readonly Fact[];
}

/**
 * What the requests of one turn come to. The replies, in their order, may be given once the facts are in the journal;
 * offers and conflicts go to whom they concern.
 */
export interface Turn {
  readonly answers: readonly Reply[];
  readonly facts: readonly Fact[];
  readonly offers: readonly Offered[];
  readonly conflicts: readonly Conflict[];
}
