import type { Budget, Lane } from '@paceline/shared/definition';
import type { Policy } from '@paceline/shared/contracts';

/** What the decisions depend on beside the state. Durations are project ms unless said otherwise. */
export interface Settings {
  /** Where a budget begins, before upstream or an operator has said anything. */
  readonly policies: Readonly<Record<Budget, Policy>>;
  /** How many places of a window are kept for the forced lanes; one place is always left to all. */
  readonly reserve: Readonly<Record<Budget, number>>;
  /** How much earlier than it came a lane's ask counts. */
  readonly headStart: Readonly<Record<Lane, number>>;
  /** What an ask from inside its own open slot counts earlier on top. */
  readonly slotHeadStart: number;
  /** Upstream speaks in whole seconds: a window is kept this much longer. */
  readonly epsilon: number;
  /** How long a granted permit is held for its asker to start it. */
  readonly startWithin: number;
  /** Within this time of starting the call must have left. */
  readonly sendWithin: number;
  /** An unanswered call may still arrive this much later. */
  readonly guard: number;
  /** By how much the true time may be ahead of the ledger's: a call may have arrived that much later. */
  readonly clockLag: number;
  /** A probe goes up to this much later than upstream named: not everybody's at the same moment. */
  readonly probeSpread: number;
  /** How long a call usually takes, until some were seen: only estimates use it. */
  readonly typicalCall: Readonly<Record<Budget, number>>;
  readonly callTimeout: Readonly<Record<Budget, number>>;
  /** A promise is kept when the call starts no more than this later. */
  readonly promiseSlack: number;
  /** Real ms after which a waiter asks again, when few wait. */
  readonly askAgainIn: number;
  /** How many may ask again within that time: of more, each asks less often. */
  readonly askers: number;
  /** A ticket that was not asked for again within so many times the time that it was told leaves the line. */
  readonly missesAllowed: number;
  /** Project ms that pass in one real ms. */
  readonly scale: number;
}
