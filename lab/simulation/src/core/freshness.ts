import { type Goals, horizonMs, mapValues } from '@paceline/shared/definition';
import type { TimeSpan } from '@paceline/event-sync/core/classes';
import { freshnessOf, shareOf, type CopiedEvent } from '@paceline/event-sync/core/freshness';
import type { Simulation } from './simulation.ts';

export interface MeasuredEvent extends CopiedEvent {
  readonly eventId: string;
  /** One of our riders was signed up when it started. */
  readonly isOurs: boolean;
}

/** The events that start within a span, by default all that could be fresh in the simulated time, with the copies made. */
export function eventsOf(
  { world, clubIds, tally, ...simulated }: Simulation,
  { from, until }: TimeSpan = { from: simulated.from, until: simulated.until + horizonMs },
): MeasuredEvent[] {
  const members = new Set(clubIds.flatMap((clubId) => allIds(world.idsOfPage, clubId)));
  return world.startingIn(from, until).map(({ id, start, listedFrom }) => ({
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

/** Shares of the event time within a span, and of the starts. */
export function measureFreshness(goals: Goals, events: readonly MeasuredEvent[], span: TimeSpan) {
  const by = freshnessOf(events, goals, span);
  return {
    ...mapValues(by, shareOf),
    /** The last hour before a start: urgent and near together, each with its own goal. */
    lastHour: shareOf({
      within: by.urgent.within + by.near.within,
      total: by.urgent.total + by.near.total,
    }),
    /** Share of started events that had a copy within the urgent goal at their start. */
    atStart: shareFreshAtStart(events, span, goals),
  };
}

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
