import { type KindSchedule, slotsBetween } from '@paceline/planning/slots';
import type { Policy } from '@paceline/shared/contracts';
import { horizonMs, windowMarginMs } from '@paceline/shared/definition';
import type { Candidate, Horizon, TimeSpan } from '../classes.ts';
import { farAheadMs } from './far.ts';

/** When a call could be made, project ms. Outside the slots only calls for urgent events are. */
export interface Moment {
  readonly at: number;
  readonly isOpen: boolean;
}

/** As far ahead as calls are planned: an event is near an hour before its start, and a copy can be made a little earlier. */
const plannedMs = 74 * 60_000;
/** A plan with more moments costs more and is hardly better. */
const maxMoments = 70;

/**
 * The moments of the next calls, from the first possible one.
 * @param typicalMs how long a call takes, project ms
 * @param slots in which event calls can be made
 */
export function momentsFrom(
  first: number,
  { limit, windowMs }: Policy,
  typicalMs: number,
  slots: readonly TimeSpan[],
): Moment[] {
  const cycleMs = (windowMs + windowMarginMs + typicalMs) / limit;
  const count = Math.min(maxMoments, Math.max(1, Math.floor(plannedMs / cycleMs)));
  const spacing = Math.max(cycleMs, plannedMs / maxMoments);
  return Array.from({ length: count }, (_, index) => {
    const at = first + index * spacing;
    return { at, isOpen: slots.some(({ from, until }) => at >= from && at < until) };
  });
}

/** When the next call is possible, judging by the copies: other calls are not known here. */
export function firstMoment(events: readonly Candidate[], { limit, windowMs }: Policy, now: number): number {
  if (limit > 1) return now;
  const last = events.reduce((latest, { signupsFetchedAt: at }) => Math.max(latest, at ?? 0), 0);
  return Math.max(now, last + windowMs + windowMarginMs);
}

/** The slots of some schedules that are open within the time that is planned from `now` on. */
export const slotsOf = (schedules: readonly KindSchedule[], now: number): TimeSpan[] =>
  schedules.flatMap((schedule) =>
    slotsBetween(schedule, now - schedule.durationMs, now + 2 * plannedMs).map(
      ({ scheduledFor, endsAt }) => ({
        from: scheduledFor,
        until: endsAt,
      }),
    ),
  );

/** The start times of the events that a plan is about. */
export const planHorizon = (now: number): Horizon => ({ after: now, until: now + horizonMs + farAheadMs });
