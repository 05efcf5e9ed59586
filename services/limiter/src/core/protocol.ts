import type {
  PermitReply,
  PermitRequest,
  Conflict,
  Fact,
  Offer,
  Operation,
} from '@paceline/shared/contracts';

/** A request to a ledger, from a client or an operator. */
export type LedgerRequest = PermitRequest | Operation;
export type Reply = PermitReply | { readonly answer: 'done' };

/** An offer and the client it is sent to. */
export interface AddressedOffer {
  readonly client: string;
  readonly offer: Offer;
}

/** The reply to one request, and the facts to commit before it is sent. */
export interface Decision {
  readonly reply: Reply;
  readonly facts: readonly Fact[];
}

/** The outcome of one turn: replies in request order, sent once the facts are in the journal; offers and conflicts to publish. */
export interface Turn {
  readonly replies: readonly Reply[];
  readonly facts: readonly Fact[];
  readonly offers: readonly AddressedOffer[];
  readonly conflicts: readonly Conflict[];
}
