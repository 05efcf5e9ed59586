import type { BudgetName, Lane } from '../definition/index.ts';
import type { PermitReply, Outcome, Policy, Refusal, WindowLeft } from '../contracts/index.ts';

/** Declared only here, so that no other module can create a permit: a call without one does not compile. */
declare const started: unique symbol;

/** The right to make one call to `endpoint`, already counted against its window. */
export interface Permit<Endpoint extends BudgetName> {
  readonly [started]: true;
  readonly id: string;
  readonly endpoint: Endpoint;
  /** The term of its partition's owner, under which the call is recorded: see `sync/call-log.ts`. 0: a version without terms. */
  readonly term: number;
  /** What is left of the windows in which the call counts, once it is counted; only if it was asked for. */
  readonly left?: readonly WindowLeft[];
  /**
   * Marks the permit as used; call it right before sending.
   * @throws {PermitSpent} if it was used before or it is too late to send
   */
  use(): void;
  /** Reports how the call ended; the earlier, the sooner the window frees up. Only the first report counts. */
  settle(outcome: Outcome): void;
}

/** Options of a permit request. Times are project ms. */
export interface PermitOptions<Endpoint extends BudgetName> {
  readonly endpoint: Endpoint;
  readonly lane: Lane;
  /** The latest useful start; a request that can't meet it is refused. */
  readonly deadline?: number;
  /** The open slot that the call belongs to. */
  readonly slotId?: string;
  /** When the caller started to wait, default now: a retried command keeps its place. */
  readonly requestedAt?: number;
  readonly signal?: AbortSignal;
  /** Asks what is left of the windows. */
  readonly left?: boolean;
  /** Called when the position or estimate changes. If it throws, the wait ends with that error. */
  readonly onWaiting?: (waiting: Waiting) => void;
}

export type Waiting = Extract<PermitReply, { answer: 'waiting' }>;

/** The deadline can't be met; `earliest` (project ms) could. */
export class PermitRefused extends Error {
  readonly earliest: number;
  readonly reason: Refusal;
  /** Since when no limiter replied until the deadline had passed, project ms. */
  readonly limiterAwaySince: number | undefined;

  constructor(
    endpoint: BudgetName,
    earliest: number,
    reason: Refusal = 'deadline_unreachable',
    limiterAwaySince?: number,
  ) {
    super(`No ${endpoint} call can be made before ${new Date(earliest).toISOString()}`);
    this.reason = reason;
    this.limiterAwaySince = limiterAwaySince;
    this.name = 'PermitRefused';
    this.earliest = earliest;
  }
}

/** The permit can't be used, or not again: nothing was sent. */
export class PermitSpent extends Error {
  override name = 'PermitSpent';
}

/** Grants permits for upstream calls. */
export interface Limiter {
  /**
   * Waits for a permit, starts it, runs `use` with it, and always settles it.
   * @throws {PermitRefused} if the deadline can't be met; the signal's reason if it aborts during the wait; an error if
   *   the client is closed; anything that `use` throws, such as {PermitSpent} when it sends too late
   */
  withPermit<Endpoint extends BudgetName, Result>(
    options: PermitOptions<Endpoint>,
    use: (permit: Permit<Endpoint>) => Promise<Result>,
  ): Promise<Result>;
  /** The policy in force. Retries until the limiter replies. @throws if the client is closed */
  policyOf(endpoint: BudgetName): Promise<Policy>;
}
