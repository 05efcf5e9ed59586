import type { Candidate } from '../core/classes.ts';

const minute = 60_000;

/** When the tests of plans take place, project ms. */
export const planNow = 10_000 * minute;

/** An event without a copy. @param lead minutes until its start */
export const candidate = (eventId: string, lead: number, more: Partial<Candidate> = {}): Candidate => ({
  eventId,
  startsAt: planNow + lead * minute,
  listedSignups: 10,
  signupsListedThen: null,
  signupsFetchedAt: null,
  hasOurs: false,
  ...more,
});

/** What a copy adds to an event. @param ago minutes since it was made */
export const copied = (ago: number): Pick<Candidate, 'signupsFetchedAt' | 'signupsListedThen'> => ({
  signupsFetchedAt: planNow - ago * minute,
  signupsListedThen: 10,
});

/** The default rules. */
export const planRules = {
  goals: { urgent: 15 * minute, near: 60 * minute, far: 24 * 60 * minute },
  weights: { urgent: 9.5, start: 150, ours: 1.4 },
  farGapMs: 50 * minute,
};
