import type { Budget, Lane } from '@paceline/shared/contracts';
import type { Policy } from '@paceline/shared/config';

/** What the decisions depend on beside the state. Durations are project ms unless said otherwise. */
export interface Settings {
  /** Where a budget begins, before upstream has said anything. */
  readonly policies: Readonly<Record<Budget, Policy>>;
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
  /** How long a call usually takes: only estimates use it. */
  readonly typicalCall: Readonly<Record<Budget, number>>;
  readonly callTimeout: Readonly<Record<Budget, number>>;
  /** A ticket that nobody asked for again within this time leaves the queue. */
  readonly forgetAfter: number;
  /** Real ms after which a waiter asks again. */
  readonly askAgainIn: number;
  /** `sendWithin` in real ms, as the asker's own clock counts it. */
  readonly sendByReal: number;
}
