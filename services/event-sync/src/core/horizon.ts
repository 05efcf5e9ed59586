import type { Lane } from '@paceline/shared/contracts';

/** The syncs that look at events. */
export type EventKind = 'near' | 'far';

const minute = 60_000;
const hour = 60 * minute;

/** The starts that a kind looks at, project ms: after `after`, until `until`. What has started is nobody's any more. */
export function horizonOf(kind: EventKind, now: number): { after: number; until: number } {
  return kind === 'near' ? { after: now, until: now + hour } : { after: now + hour, until: now + 48 * hour };
}

/** Every start that some kind looks at. */
export const wholeHorizon = (now: number): { after: number; until: number } => ({
  after: now,
  until: now + 48 * hour,
});

/** The kind of an event that is still to start. */
export const kindOf = (startsAt: number, now: number): EventKind =>
  startsAt <= horizonOf('near', now).until ? 'near' : 'far';

/** The lane in which the list, and the signups of events of that kind, are asked for. */
export const laneOf = (kind: EventKind): Lane => (kind === 'near' ? 'near_event_normal' : 'far_event_sync');

/** A copy of the list younger than this says as much as a new one. */
export const isListFresh = (fetchedAt: number | null, now: number): boolean =>
  fetchedAt !== null && now - fetchedAt < minute;
