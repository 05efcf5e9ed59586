import type { Candidate } from './choose.ts';

const minute = 60_000;

/** Project ms before its start from which on an event can't wait for a slot. */
export const urgentFrom = 15 * minute;
/** The list may have changed by then. */
const lookAgainAfter = minute;

/** Whether an event is about to start and our copy of its signups is older than its last minutes. */
export const isUrgent = ({ startsAt, signupsFetchedAt }: Candidate, now: number): boolean =>
  now < startsAt && now >= startsAt - urgentFrom && (signupsFetchedAt ?? 0) < startsAt - urgentFrom;

/** Those that are about to start, the first to be called first: with our riders in it, then by start. */
export const urgentOf = (
  candidates: readonly Candidate[],
  failed: ReadonlySet<string>,
  now: number,
): Candidate[] =>
  candidates
    .filter((event) => isUrgent(event, now) && !failed.has(event.eventId))
    .toSorted(
      (a, b) =>
        Number(b.hasOurs) - Number(a.hasOurs) || a.startsAt - b.startsAt || (a.eventId < b.eventId ? -1 : 1),
    );

/** Project ms until another event may be about to start. */
export const untilNextUrgent = (candidates: readonly Candidate[], now: number): number =>
  Math.min(
    lookAgainAfter,
    ...candidates.map(({ startsAt }) => startsAt - urgentFrom - now).filter((ms) => ms > 0),
  );
