import { answered, type Chosen, type Sync } from '@paceline/shared/sync';
import type { SignupsAnswer } from '@paceline/shared/zwiftracing';

/** The call for the signups of one event. */
export const signupsCall = (sync: Sync, eventId: string): Chosen<'signups', SignupsAnswer> => ({
  target: eventId,
  send: (permit) => sync.upstream.getSignups(permit, eventId),
  outcome: ({ signups, skipped }) => answered(`${signups.length} signups`, skipped),
});
