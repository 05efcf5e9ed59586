import { classNames, type FreshnessClass, horizonMs } from '@paceline/shared/definition';
import { classSpan, type Goals, type Span } from '@paceline/event-sync/core/classes';
import { freshnessOf, shareOf, type CopiedEvent } from '@paceline/event-sync/core/freshness';
import { type Enforcement, latencySpread } from '@paceline/sandbox';
import type { Policy } from '@paceline/shared/contracts';
import type { Life } from './life.ts';

/** A share of event time within its goal, and what no schedule can be better than. */
export interface Fresh {
  readonly share: number;
  readonly best: number;
}

export interface FreshnessResult extends Readonly<Record<FreshnessClass, Fresh>> {
  /** Urgent and near together: the last hour before a start, each part by its goal. */
  readonly lastHour: Fresh;
  /** Of the events that started: how many had a copy within the urgent goal at that moment. */
  readonly atStart: number;
}

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

function allIds(idsOfPage: (clubId: number, from: number) => readonly number[], clubId: number): number[] {
  const ids: number[] = [];
  for (let page = idsOfPage(clubId, 0); page.length > 0; page = idsOfPage(clubId, (ids.at(-1) ?? 0) + 1))
    ids.push(...page);
  return ids;
}

/** How fresh the copies of these events were in a span, and how fresh they could have been at best. */
export function measureFreshness(life: Life, events: readonly MeasuredEvent[], span: Span): FreshnessResult {
  const { signups } = life.upstream.policies;
  const { enforcement } = life.scenario.upstream;
  const { goals } = life;
  const { jitter, scale } = life.scenario;
  // A copy is as old as its answer; between arrival and answer passes more for one call than for another.
  const spread = latencySpread('signups') + (2 * jitter.upstreamMs + 2 * jitter.outlierMs) * scale;
  const mostWithin = (goal: number) => mostCalls(signups, enforcement, goal + spread);
  const by = freshnessOf(events, goals, span);
  const fresh = (name: FreshnessClass): Fresh => {
    const stretches = events.map((event) => stretchOf(event, name, span));
    return { share: shareOf(by[name]), best: bestShare(stretches, mostWithin(goals[name])) };
  };
  const report = Object.fromEntries(classNames.map((name) => [name, fresh(name)])) as Record<
    FreshnessClass,
    Fresh
  >;
  const totals = by.urgent.total + by.near.total;
  return {
    ...report,
    lastHour: {
      share: shareOf({ within: by.urgent.within + by.near.within, total: totals }),
      best:
        totals === 0 ? 1 : (report.urgent.best * by.urgent.total + report.near.best * by.near.total) / totals,
    },
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

/**
 * The share of event time that no schedule can be better than: when at any moment at most `most` events can have a copy
 * within the goal, the others have none. 1 when there is no event time.
 */
export function bestShare(stretches: Iterable<Span>, most: number): number {
  const steps = [...stretches].flatMap(({ from, until }) =>
    until > from
      ? [
          { at: from, by: 1 },
          { at: until, by: -1 },
        ]
      : [],
  );
  steps.sort((a, b) => a.at - b.at);
  let open = 0;
  let before = 0;
  let within = 0;
  let total = 0;
  for (const { at, by } of steps) {
    total += open * (at - before);
    within += Math.min(open, most) * (at - before);
    open += by;
    before = at;
  }
  return total === 0 ? 1 : within / total;
}
