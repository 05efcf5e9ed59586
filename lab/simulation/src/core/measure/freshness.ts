import { classNames, type FreshnessClass, horizonMs } from '@paceline/shared/definition';
import { classSpan, type Goals, type Span } from '@paceline/event-sync/core/classes';
import { freshnessOf, shareOf, type Watched } from '@paceline/event-sync/core/freshness';
import { latencySpread } from '@paceline/sandbox';
import type { Life } from '../life.ts';
import { bestShare, mostCalls } from './bound.ts';

/** A share of event time within its goal, and what no schedule can be better than. */
export interface Fresh {
  readonly share: number;
  readonly best: number;
}

export interface FreshnessReport extends Readonly<Record<FreshnessClass, Fresh>> {
  /** Urgent and near together: the last hour before a start, each part by its goal. */
  readonly lastHour: Fresh;
  /** Of the events that started: how many had a copy within the urgent goal at that moment. */
  readonly atStart: number;
}

export interface Event extends Watched {
  readonly eventId: string;
  /** Whether one of our riders was in it when it started. */
  readonly isOurs: boolean;
}

/** Everything that upstream listed and that could be fresh in the span, with the copies that were made. */
export function eventsOf({ world, clubIds, from, until, tally }: Life): Event[] {
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
export function measureFreshness(life: Life, events: readonly Event[], span: Span): FreshnessReport {
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

const stretchOf = ({ startsAt, listedAt }: Event, name: FreshnessClass, span: Span): Span => {
  const { from, until } = classSpan(name, startsAt);
  return { from: Math.max(from, listedAt, span.from), until: Math.min(until, span.until) };
};

function shareFreshAtStart(events: readonly Event[], { from, until }: Span, { urgent }: Goals): number {
  const started = events.filter(({ startsAt }) => startsAt >= from && startsAt < until);
  const fresh = started.filter(({ startsAt, copiedAt }) => {
    const last = copiedAt.findLast((at) => at < startsAt);
    return last !== undefined && startsAt - last <= urgent;
  });
  return started.length === 0 ? 1 : fresh.length / started.length;
}
