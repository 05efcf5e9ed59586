import type { CallReason } from '@paceline/shared/contracts';
import { answered, type Chosen, type Sync } from '@paceline/shared/sync';
import type { SignupsAnswer } from '@paceline/shared/zwiftracing';

/** The call for the signups of one event. */
export const signupsCall = (
  sync: Sync,
  eventId: string,
  because: CallReason,
): Chosen<'signups', SignupsAnswer> => ({
  target: eventId,
  because,
  send: (permit) => sync.upstream.getSignups(permit, eventId),
  outcome: ({ signups, skipped }) => answered(`${signups.length} signups`, skipped),
});
