import type { Clock } from '@paceline/shared/clock';
import { estimateTolerance } from '@paceline/shared/config';
import type { Policy } from '@paceline/shared/contracts';
import {
  type BudgetName,
  type Lane,
  lanes,
  mapValues,
  slotHeadStartMs,
  type Tier,
  windowMarginMs,
} from '@paceline/shared/definition';
import { callTimeout, limitsOf, zwiftracing } from '@paceline/shared/upstreams';

/** Everything that decisions depend on besides the state. Durations are project ms unless stated otherwise. */
export interface LimiterSettings {
  /** The documented policies, in force until upstream or an operator names another. */
  readonly policies: Readonly<Record<BudgetName, Policy>>;
  /** Permits per window reserved for the forced lanes; at least one always stays open to all lanes. */
  readonly reserve: Readonly<Record<BudgetName, number>>;
  /** How much earlier than its request time a request of this lane is ordered. */
  readonly headStart: Readonly<Record<Lane, number>>;
  readonly longestHeadStart: number;
  /** Extra head start for a request from inside its own open slot. */
  readonly slotHeadStart: number;
  /** Added to every window, because upstream reports whole seconds. */
  readonly epsilon: number;
  /** How long a granted permit is held until it must be started. */
  readonly startWithin: number;
  /** How long after its start a call may still be sent. */
  readonly sendWithin: number;
  /** How much later an unanswered call may still arrive. */
  readonly guard: number;
  /** How far true time may be ahead of ledger time: a call may have arrived that much later. */
  readonly clockLag: number;
  /** The probe is delayed by up to this much, so that different budgets don't probe at the same time. */
  readonly probeJitter: number;
  /** Assumed call duration until calls were measured; used by estimates only. */
  readonly typicalCallDuration: Readonly<Record<BudgetName, number>>;
  readonly callTimeout: Readonly<Record<BudgetName, number>>;
  /** An estimate counts as kept when the call starts at most this much later. */
  readonly estimateTolerance: number;
  /** Real ms between two heartbeats of a waiting request while few requests wait. */
  readonly heartbeatInterval: number;
  /** How many waiting requests fit into one interval; with more, each sends heartbeats less often. */
  readonly heartbeatsPerInterval: number;
  /** Heartbeats a waiting request may miss before it loses its place. */
  readonly missedHeartbeatsAllowed: number;
  /** Project ms per real ms. */
  readonly scale: number;
}

/** Real ms: these bound processes and networks, not upstream. */
const machine = {
  startWithin: 2_000,
  sendWithin: 2_000,
  guard: 2_000,
};

/** The settings for a tier, with the machine's durations converted to project ms. */
export const defaultSettings = (tier: Tier, clock: Clock): LimiterSettings => ({
  policies: limitsOf(tier),
  reserve: mapValues(zwiftracing().budgets, ({ reserve }) => reserve),
  headStart: mapValues(lanes, ({ headStartMs }) => headStartMs),
  longestHeadStart: Math.max(...Object.values(lanes).map(({ headStartMs }) => headStartMs)),
  slotHeadStart: slotHeadStartMs,
  epsilon: windowMarginMs,
  startWithin: Math.ceil(clock.toProjectMs(machine.startWithin)),
  sendWithin: Math.ceil(clock.toProjectMs(machine.sendWithin)),
  guard: Math.ceil(clock.toProjectMs(machine.guard)),
  clockLag: 0,
  probeJitter: 1_000,
  typicalCallDuration: mapValues(zwiftracing().endpoints, ({ typicalMs }) => typicalMs),
  callTimeout: mapValues(zwiftracing().endpoints, (endpoint) => callTimeout(endpoint, clock)),
  estimateTolerance: estimateTolerance(clock),
  heartbeatInterval: 1_500,
  heartbeatsPerInterval: 3_000,
  missedHeartbeatsAllowed: 4,
  scale: clock.scale,
});
