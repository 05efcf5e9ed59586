import type { Clock } from '@paceline/shared/clock';
import { estimateTolerance } from '@paceline/shared/config';
import { mapValues, slotHeadStartMs, type Tier, windowMarginMs } from '@paceline/shared/definition';
import type { Upstream } from '@paceline/shared/upstreams';
import { type UpstreamSettings, upstreamSettings } from './upstream.ts';

/** Everything that decisions depend on besides the state. Durations are project ms unless stated otherwise. */
export interface LimiterSettings {
  /** By name. An account belongs to one of them. */
  readonly upstreams: Readonly<Record<string, UpstreamSettings>>;
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

/** The settings for the tier of each key, with the machine's durations converted to project ms. */
export const defaultSettings = (
  upstreams: Readonly<Record<string, Upstream>>,
  tierOf: (upstream: Upstream) => Tier,
  clock: Clock,
): LimiterSettings => ({
  upstreams: mapValues(upstreams, (upstream) => upstreamSettings(upstream, tierOf(upstream), clock)),
  slotHeadStart: slotHeadStartMs,
  epsilon: windowMarginMs,
  startWithin: Math.ceil(clock.toProjectMs(machine.startWithin)),
  sendWithin: Math.ceil(clock.toProjectMs(machine.sendWithin)),
  guard: Math.ceil(clock.toProjectMs(machine.guard)),
  clockLag: 0,
  probeJitter: 1_000,
  estimateTolerance: estimateTolerance(clock),
  heartbeatInterval: 1_500,
  heartbeatsPerInterval: 3_000,
  missedHeartbeatsAllowed: 4,
  scale: clock.scale,
});
