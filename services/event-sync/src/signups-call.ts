import { answered, type Chosen, type Sync } from '@paceline/shared/sync';
import type { SignupsAnswer } from '@paceline/shared/zwiftracing';
import type { Reason } from './core/choose.ts';

/** The call for the signups of one event. */
export const signupsCall = (
  sync: Sync,
  eventId: string,
  because: Reason,
): Chosen<'signups', SignupsAnswer> => ({
  target: eventId,
  because,
  send: (permit) => sync.upstream.getSignups(permit, eventId),
  outcome: ({ signups, skipped }) => answered(`${signups.length} signups`, skipped),
});
