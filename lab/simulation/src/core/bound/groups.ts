import { classSpan, type FreshnessClass, type Goals, mapValues } from '@paceline/shared/definition';
import { isWithin, type TimeSpan } from '@paceline/event-sync/core/classes';
import type { MeasuredEvent } from '../freshness.ts';

/** The classes that compete for the calls before a start. */
export const boundClasses = ['urgent', 'near'] as const;
export type BoundClass = (typeof boundClasses)[number];

/** Events that start together and count the same. Whatever calls they have, they take turns. */
export interface Group {
  readonly events: number;
  readonly isOurs: boolean;
  /** When each class counts. */
  readonly spans: Readonly<Record<FreshnessClass, TimeSpan>>;
  /** When a copy is fresh at the start; empty if the start does not count. */
  readonly beforeStart: TimeSpan;
}

/** @param span the time in which freshness counts */
export function groupsOf(events: readonly MeasuredEvent[], goals: Goals, span: TimeSpan): Group[] {
  const groups = events.map(({ startsAt, listedAt, delistedAt, isOurs }) => {
    const spans = mapValues(goals, (_goal, name): TimeSpan => {
      const { from, until } = classSpan(name, startsAt);
      return {
        from: Math.max(from, listedAt, span.from),
        until: Math.min(until, delistedAt ?? until, span.until),
      };
    });
    const from = isWithin(span, startsAt) ? startsAt - goals.urgent : startsAt;
    return { isOurs, spans, beforeStart: { from, until: startsAt } };
  });
  return [...Map.groupBy(groups, (group) => JSON.stringify(group)).values()].flatMap((alike) =>
    alike.slice(0, 1).map((group) => ({ ...group, events: alike.length })),
  );
}
