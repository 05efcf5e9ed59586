import type { Budget, Lane } from '../definition/index.ts';
import type { PermitReply, Outcome, Policy } from '../contracts/index.ts';

/** Known only here: nothing else can make a permit, so a call without one does not compile. */
declare const started: unique symbol;

/** The right to make one call to `endpoint`, already booked against its window. */
export interface Permit<Endpoint extends Budget> {
  readonly [started]: true;
  readonly id: string;
  readonly endpoint: Endpoint;
  /**
   * Called right before the request leaves.
   * @throws {PermitSpent} when it was used before, or when it is too late to send
   */
  use(): void;
  /** Says how the call ended; the sooner, the sooner the window moves on. Only the first time counts. */
  settle(outcome: Outcome): void;
}

/** What a caller wants a permit for. Moments are project ms. */
export interface PermitOptions<Endpoint extends Budget> {
  readonly endpoint: Endpoint;
  readonly lane: Lane;
  /** After this moment a permit is of no use. */
  readonly deadline?: number;
  /** The open slot that the caller works for. */
  readonly slotId?: string;
  /** Since when the caller has been waiting, when that is longer ago than now: a retried command keeps its place. */
  readonly requestedAt?: number;
  readonly signal?: AbortSignal;
  /** Told whenever what the waiter would be shown has changed. What it throws ends the wait. */
  readonly onWaiting?: (waiting: Waiting) => void;
}

export type Waiting = Extract<PermitReply, { answer: 'waiting' }>;

/** The deadline can't be met; `earliest` (project ms) could be. */
export class PermitRefused extends Error {
  readonly earliest: number;

  constructor(endpoint: Budget, earliest: number) {
    super(`No ${endpoint} call can be made before ${new Date(earliest).toISOString()}`);
    this.name = 'PermitRefused';
    this.earliest = earliest;
  }
}

/** The permit may not be used (any more): nothing was sent. */
export class PermitSpent extends Error {
  override name = 'PermitSpent';
}

/** The one way to an upstream call. */
export interface Limiter {
  /**
   * Waits for a permit, starts it, runs `use` with it, and settles it whatever happens.
   * @throws {PermitRefused} when the deadline can't be met; the signal's reason when it aborts while waiting, or that
   *   the limiter's client was closed; whatever `use` throws, also {PermitSpent} when it came to send too late
   */
  withPermit<Endpoint extends Budget, Result>(
    options: PermitOptions<Endpoint>,
    use: (permit: Permit<Endpoint>) => Promise<Result>,
  ): Promise<Result>;
  /** The limit that is kept now. Asks until the limiter answers. @throws as `withPermit`, when it ends */
  policyOf(endpoint: Budget): Promise<Policy>;
}
