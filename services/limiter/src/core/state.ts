import type { BudgetRecord, PermitRequestOf, Policy } from '@paceline/shared/contracts';
import type { Calls } from './calls.ts';
import type { NamedLimit, Reading } from './counters.ts';
import type { LimiterSettings } from './settings.ts';
import type { Sorted } from './sorted.ts';
import type { BudgetSettings, EndpointSettings, UpstreamSettings } from './upstream.ts';

/** The state of one account's connected budgets and endpoints: a permit takes a place in several budgets at once or in none. */
export interface Pool {
  readonly key: string;
  readonly account: string;
  readonly settings: LimiterSettings;
  readonly upstream: UpstreamSettings;
  readonly budgets: readonly BudgetState[];
  readonly endpoints: readonly EndpointState[];
  readonly queue: PoolQueue;
  /** By ticket, the first to expire first. Never more than the windows have room for. */
  readonly grants: Map<string, Grant>;
  /** When time alone may free a permit; undefined while no request waits for one. */
  alarmAt: number | undefined;
}

export interface EndpointState {
  readonly name: string;
  readonly pool: Pool;
  readonly definition: EndpointSettings;
  /** The budgets in which its calls count. */
  readonly budgets: readonly BudgetState[];
  /** Its waiting requests. */
  readonly lines: Lines;
}

/** The state of one account's budget. */
export interface BudgetState {
  readonly settings: LimiterSettings;
  readonly definition: BudgetSettings;
  /** The part that the journal restores, with the calls. `endpoint` is the name of the budget. */
  record: Omit<BudgetRecord, 'intervals'> & { floor: NonNullable<BudgetRecord['floor']> };
  calls: Calls;
  readonly pool: Pool;
  /** The endpoints whose calls count here. */
  readonly endpoints: EndpointState[];
  /** Granted permits that were not started yet, each of which will need a place. */
  held: number;
  /** The last policy that headers advertised, or two answers' counters named, since this limiter took over. */
  advertised: Policy | undefined;
  /** What the last answer that could be believed showed of upstream's counter, since this limiter took over. */
  reading: Reading | undefined;
  /** The last limit that such a counter named. */
  namedLimit: NamedLimit | undefined;
  /** Moving average of measured call durations, project ms; undefined before the first call. */
  callDuration: number | undefined;
  /** The recent rate of forced requests: see `estimate.ts`. */
  readonly forcedArrivals: { count: number; at: number; since: number };
}

/** A permit that is held for a client and not started yet: it costs nothing if the client dies. */
export interface Grant {
  readonly permit: string;
  readonly ticket: string;
  readonly endpoint: EndpointState;
  readonly lane: string;
  readonly requestedAt: number;
  readonly firstEstimate: number | undefined;
  readonly startBy: number;
}

/** A request that waits for a permit. Soft state: its client sends it again to a new owner. */
export interface Waiter {
  readonly request: PermitRequestOf<'acquire'>;
  readonly endpoint: EndpointState;
  /** Whether it may use reserved permits and ignores the pace. */
  readonly forced: boolean;
  /** The request time minus the lane's head start; the smallest key goes first. */
  readonly key: number;
  /** It leaves the queue at this time unless its heartbeat renews it. */
  expiresAt: number;
  firstEstimate: number | undefined;
}

/** The requests that wait for one endpoint. */
export interface Lines {
  readonly forced: Sorted<Waiter>;
  readonly scheduled: Sorted<Waiter>;
  /** The number of requests per lane. */
  readonly byLane: Map<string, number>;
}

/** The requests that wait in one pool. */
export interface PoolQueue {
  readonly byTicket: Map<string, Waiter>;
  readonly byExpiry: Sorted<Waiter>;
  /** The sum of all request times, from which the mean wait follows without a scan. */
  requestedAtSum: number;
}
