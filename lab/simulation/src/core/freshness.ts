import {
  classSpan,
  type FreshnessClass,
  type Goals,
  horizonMs,
  mapValues,
} from '@paceline/shared/definition';
import type { TimeSpan } from '@paceline/event-sync/core/classes';
import { freshnessOf, shareOf, type CopiedEvent } from '@paceline/event-sync/core/freshness';
import { type Enforcement, latencySpread } from '@paceline/sandbox';
import type { Policy } from '@paceline/shared/contracts';
import type { Simulation } from './simulation.ts';

export type FreshnessResult = ReturnType<typeof measureFreshness>;

export interface MeasuredEvent extends CopiedEvent {
  readonly eventId: string;
  /** One of our riders was signed up when it started. */
  readonly isOurs: boolean;
}

/** All events that could be fresh in the simulated time, with the copies that were made. */
export function eventsOf({ world, clubIds, from, until, tally }: Simulation): MeasuredEvent[] {
  const members = new Set(clubIds.flatMap((clubId) => allIds(world.idsOfPage, clubId)));
  return world.startingIn(from, until + horizonMs).map(({ id, start, listedFrom }) => ({
    eventId: String(id),
    startsAt: start,
    listedAt: listedFrom,
    delistedAt: null,
    copiedAt: tally.copies.get(String(id)) ?? [],
    isOurs: (world.signedUp(id, start - 1) ?? []).some((riderId) => members.has(riderId)),
  }));
}

function allIds(idsOfPage: Simulation['world']['idsOfPage'], clubId: number): number[] {
  const ids: number[] = [];
  for (let page = idsOfPage(clubId, 0); page.length > 0; page = idsOfPage(clubId, (ids.at(-1) ?? 0) + 1))
    ids.push(...page);
  return ids;
}

/** Achieved and best possible freshness of the events within a span. */
export function measureFreshness(
  { goals, scenario: { jitter, scale, upstream }, upstream: { policies } }: Simulation,
  events: readonly MeasuredEvent[],
  span: TimeSpan,
) {
  // A copy's age counts from its response, and the time from arrival to response varies per call.
  const spread = latencySpread('signups') + (2 * jitter.upstreamMs + 2 * jitter.outlierMs) * scale;
  const maxCallsWithin = (goal: number) => mostCalls(policies.signups, upstream.enforcement, goal + spread);
  const by = freshnessOf(events, goals, span);
  const report = mapValues(by, (time, name) => {
    const stretches = events.map((event) => stretchOf(event, name, span));
    return { share: shareOf(time), best: bestShare(stretches, maxCallsWithin(goals[name])) };
  });
  const total = by.urgent.total + by.near.total;
  const best = (report.urgent.best * by.urgent.total + report.near.best * by.near.total) / total;
  return {
    ...report,
    /** The last hour before a start: urgent and near together, each with its own goal. */
    lastHour: {
      share: shareOf({ within: by.urgent.within + by.near.within, total }),
      best: total === 0 ? 1 : best,
    },
    /** Share of started events that had a copy within the urgent goal at their start. */
    atStart: shareFreshAtStart(events, span, goals),
  };
}

const stretchOf = ({ startsAt, listedAt }: MeasuredEvent, name: FreshnessClass, span: TimeSpan): TimeSpan => {
  const { from, until } = classSpan(name, startsAt);
  return { from: Math.max(from, listedAt, span.from), until: Math.min(until, span.until) };
};

function shareFreshAtStart(
  events: readonly MeasuredEvent[],
  { from, until }: TimeSpan,
  { urgent }: Goals,
): number {
  const started = events.filter(({ startsAt }) => startsAt >= from && startsAt < until);
  const fresh = started.filter(({ startsAt, copiedAt }) => {
    const last = copiedAt.findLast((at) => at < startsAt);
    return last !== undefined && startsAt - last <= urgent;
  });
  return started.length === 0 ? 1 : fresh.length / started.length;
}

/**
 * The most calls that upstream can accept within any half-open interval of `ms`, whatever their timing. A fixed window
 * that is open at the start of the interval may accept the rest after its first call; a clock-aligned one, all of it.
 */
export function mostCalls({ limit, windowMs }: Policy, enforcement: Enforcement, ms: number): number {
  const windows = Math.ceil(ms / windowMs);
  const before = {
    'first-hit': limit - 1,
    'clock-aligned': limit,
    sliding: 0,
    'sliding-counting-rejects': 0,
  };
  return limit * windows + before[enforcement];
}

/** Upper bound of the fresh share of event time: at any time at most `most` events have a copy within the goal. */
export function bestShare(stretches: Iterable<TimeSpan>, most: number): number {
  const steps = [...stretches]
    .filter(({ from, until }) => until > from)
    .flatMap(({ from, until }) => [[from, 1] as const, [until, -1] as const])
    .toSorted(([a], [b]) => a - b);
  let open = 0;
  let before = 0;
  let within = 0;
  let total = 0;
  for (const [at, by] of steps) {
    total += open * (at - before);
    within += Math.min(open, most) * (at - before);
    open += by;
    before = at;
  }
  return total === 0 ? 1 : within / total;
}
