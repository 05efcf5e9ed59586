import type { Clock } from '@paceline/shared/clock';
import { callTimeout } from '@paceline/shared/config';
import type { Policy } from '@paceline/shared/contracts';
import {
  type Budget,
  budgets,
  type Lane,
  lanes,
  limitsOf,
  mapValues,
  slotHeadStartMs,
  type Tier,
  windowMarginMs,
} from '@paceline/shared/definition';

/** What the decisions depend on beside the state. Durations are project ms unless said otherwise. */
export interface Settings {
  /** Where a budget begins, before upstream or an operator has said anything. */
  readonly policies: Readonly<Record<Budget, Policy>>;
  /** How many places of a window are kept for the forced lanes; one place is always left to all. */
  readonly reserve: Readonly<Record<Budget, number>>;
  /** How much earlier than it came a lane's ask counts. */
  readonly headStart: Readonly<Record<Lane, number>>;
  readonly longestHeadStart: number;
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
  /** An estimate is kept when the call starts no more than this later. */
  readonly estimateSlack: number;
  /** Real ms after which a waiter asks again, when few wait. */
  readonly heartbeatInterval: number;
  /** How many may ask again within that time: of more, each asks less often. */
  readonly heartbeatsPerInterval: number;
  /** Heartbeats that a waiting client may miss before it loses its place. */
  readonly missedHeartbeatsAllowed: number;
  /** Project ms that pass in one real ms. */
  readonly scale: number;
}

/** Times of the machine, in real ms: they bound processes and networks, not upstream. */
const machine = {
  startWithin: 2_000,
  sendWithin: 2_000,
  guard: 2_000,
  estimateSlack: 500,
};

/** The limiter's settings for a tier, with the machine's times converted to the clock's. */
export const defaultSettings = (tier: Tier, clock: Clock): Settings => ({
  policies: limitsOf(tier),
  reserve: mapValues(budgets, ({ reserve }) => reserve),
  headStart: mapValues(lanes, ({ headStartMs }) => headStartMs),
  longestHeadStart: Math.max(...Object.values(lanes).map(({ headStartMs }) => headStartMs)),
  slotHeadStart: slotHeadStartMs,
  epsilon: windowMarginMs,
  startWithin: Math.ceil(clock.fromMachine(machine.startWithin)),
  sendWithin: Math.ceil(clock.fromMachine(machine.sendWithin)),
  guard: Math.ceil(clock.fromMachine(machine.guard)),
  clockLag: 0,
  probeSpread: 1_000,
  typicalCall: mapValues(budgets, ({ typicalMs }) => typicalMs),
  callTimeout: mapValues(budgets, (_, name) => callTimeout(name, clock)),
  estimateSlack: 1_000 + Math.ceil(clock.fromMachine(machine.estimateSlack)),
  heartbeatInterval: 1_500,
  heartbeatsPerInterval: 3_000,
  missedHeartbeatsAllowed: 4,
  scale: clock.scale,
});
