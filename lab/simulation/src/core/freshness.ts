import { type FreshnessClass, horizonMs, mapValues } from '@paceline/shared/definition';
import { classSpan, type Goals, type Span } from '@paceline/event-sync/core/classes';
import { freshnessOf, shareOf, type CopiedEvent } from '@paceline/event-sync/core/freshness';
import { type Enforcement, latencySpread } from '@paceline/sandbox';
import type { Policy } from '@paceline/shared/contracts';
import type { Life } from './life.ts';

export type FreshnessResult = ReturnType<typeof measureFreshness>;

export interface MeasuredEvent extends CopiedEvent {
  readonly eventId: string;
  /** Whether one of our riders was in it when it started. */
  readonly isOurs: boolean;
}

/** Everything that upstream listed and that could be fresh in the span, with the copies that were made. */
export function eventsOf({ world, clubIds, from, until, tally }: Life): MeasuredEvent[] {
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

function allIds(idsOfPage: Life['world']['idsOfPage'], clubId: number): number[] {
  const ids: number[] = [];
  for (let page = idsOfPage(clubId, 0); page.length > 0; page = idsOfPage(clubId, (ids.at(-1) ?? 0) + 1))
    ids.push(...page);
  return ids;
}

/** How fresh the copies of these events were in a span, and how fresh they could have been at best. */
export function measureFreshness(
  { goals, scenario: { jitter, scale, upstream }, upstream: { policies } }: Life,
  events: readonly MeasuredEvent[],
  span: Span,
) {
  // A copy is as old as its answer; between arrival and answer passes more for one call than for another.
  const spread = latencySpread('signups') + (2 * jitter.upstreamMs + 2 * jitter.outlierMs) * scale;
  const mostWithin = (goal: number) => mostCalls(policies.signups, upstream.enforcement, goal + spread);
  const by = freshnessOf(events, goals, span);
  const report = mapValues(by, (time, name) => {
    const stretches = events.map((event) => stretchOf(event, name, span));
    return { share: shareOf(time), best: bestShare(stretches, mostWithin(goals[name])) };
  });
  const total = by.urgent.total + by.near.total;
  const best = (report.urgent.best * by.urgent.total + report.near.best * by.near.total) / total;
  return {
    ...report,
    /** Urgent and near together: the last hour before a start, each part by its goal. */
    lastHour: {
      share: shareOf({ within: by.urgent.within + by.near.within, total }),
      best: total === 0 ? 1 : best,
    },
    /** Of the events that started: how many had a copy within the urgent goal at that moment. */
    atStart: shareFreshAtStart(events, span, goals),
  };
}

const stretchOf = ({ startsAt, listedAt }: MeasuredEvent, name: FreshnessClass, span: Span): Span => {
  const { from, until } = classSpan(name, startsAt);
  return { from: Math.max(from, listedAt, span.from), until: Math.min(until, span.until) };
};

function shareFreshAtStart(
  events: readonly MeasuredEvent[],
  { from, until }: Span,
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
 * The most calls that can have been let in within any half-open stretch of so many ms, however they are timed. A fixed
 * window that is open when the stretch begins may let in what its first call left of it; one that opens by the clock,
 * all of it.
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

/** The share of event time that no schedule can beat: at any moment at most `most` events have a copy within the goal. */
export function bestShare(stretches: Iterable<Span>, most: number): number {
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
