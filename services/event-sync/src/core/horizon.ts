import type { Lane } from '@paceline/shared/contracts';

/** The syncs that look at events. */
export type EventKind = 'near' | 'far';

const minute = 60_000;
const hour = 60 * minute;

/** Project ms before its start from which on an event can't wait for anybody. */
export const urgentFrom = 15 * minute;

/** The starts that a kind looks at, project ms: after `after`, until `until`. What has started is nobody's any more. */
export function horizonOf(kind: EventKind, now: number): { after: number; until: number } {
  return kind === 'near' ? { after: now, until: now + hour } : { after: now + hour, until: now + 48 * hour };
}

/** The lane in which the list is asked for. */
export const laneOf = (kind: EventKind): Lane => (kind === 'near' ? 'near_event_normal' : 'far_event_sync');

/** The lane in which the signups of an event are asked for. */
export const signupLaneOf = (kind: EventKind, startsAt: number, now: number): Lane =>
  kind === 'near' && startsAt - now <= urgentFrom ? 'near_event_urgent' : laneOf(kind);

/** A copy of the list younger than this says as much as a new one. */
export const isListFresh = (fetchedAt: number | null, now: number): boolean =>
  fetchedAt !== null && now - fetchedAt < minute;
