import { freshnessClasses, horizonMs, kinds, type Lane } from '@paceline/shared/definition';

/** The syncs that look at events. */
export type EventKind = 'near' | 'far';

const minute = 60_000;
const nearMs = freshnessClasses.near.beginsMs;

/** Starts, project ms: after `after`, until `until`. */
export interface Horizon {
  readonly after: number;
  readonly until: number;
}

/** The starts that a kind looks at. Events that have started are no longer fetched. */
export const horizonOf = (kind: EventKind, now: number): Horizon =>
  kind === 'near' ? { after: now, until: now + nearMs } : { after: now + nearMs, until: now + horizonMs };

/** Every start that some kind looks at. */
export const wholeHorizon = (now: number): Horizon => ({ after: now, until: now + horizonMs });

/** The kind of an event that is still to start. */
export const kindOf = (startsAt: number, now: number): EventKind =>
  startsAt <= horizonOf('near', now).until ? 'near' : 'far';

/** The lane in which the list, and the signups of events of that kind, are asked for. */
export const laneOf = (kind: EventKind): Lane => kinds[kind].lane;

/** A copy of the list younger than this says as much as a new one. */
export const isListFresh = (fetchedAt: number | null, now: number): boolean =>
  fetchedAt !== null && now - fetchedAt < minute;
