import { eventKinds, freshnessClasses, type Goals, type Lane } from '@paceline/shared/definition';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import type { Candidate } from './classes.ts';
import { withFailure, type CallFailures, noFailures } from './event-run.ts';
import { untilNextUrgent, urgentOf } from './urgent.ts';

const { fromMs, lane } = freshnessClasses.urgent;
/** The kind that also covers urgent events. The watch makes no calls unless this kind is on. */
export const [watchedKind] = eventKinds;
/** Project ms until the next try after a refusal or an error. */
const retryPauseMs = 60_000;

/**
 * The watch fetches each event once in the last minutes before its start, in or outside a slot.
 *
 *   searching ──▶ waiting ──▶ calling ──▶ searching …, or pausing ──woke──▶ searching
 */
export type WatchState = { readonly failures: CallFailures } & (
  | { readonly phase: 'searching' }
  /** Waiting for a permit; at `deadline` all urgent events have started. */
  | { readonly phase: 'waiting'; readonly lane: Lane; readonly deadline: number }
  | { readonly phase: 'calling'; readonly eventId: string }
  /** Project ms. */
  | { readonly phase: 'pausing'; readonly ms: number }
);

export type WatchEvent =
  | { readonly event: 'found'; readonly urgent: readonly Candidate[]; readonly pause: number }
  | { readonly event: 'answered' | 'refused' | 'error' | 'woke' }
  | { readonly event: 'failed'; readonly code: UpstreamErrorCode };

export const initialWatch: WatchState = { phase: 'searching', failures: noFailures };

export function decide(state: WatchState, event: WatchEvent): WatchState {
  const { failures } = state;
  const searchAgain: WatchState = { phase: 'searching', failures: { ...failures, consecutive: 0 } };
  switch (event.event) {
    case 'found': {
      const { urgent, pause } = event;
      const [first] = urgent;
      if (state.phase !== 'searching')
        return first ? { phase: 'calling', eventId: first.eventId, failures } : searchAgain;
      if (!first) return { phase: 'pausing', ms: pause, failures };
      const deadline = Math.max(...urgent.map(({ startsAt }) => startsAt));
      return { phase: 'waiting', lane, deadline, failures };
    }
    case 'answered':
      return searchAgain;
    case 'failed':
      return state.phase === 'calling' ? afterFailure(failures, state.eventId, event.code) : searchAgain;
    case 'refused':
    case 'error':
      return { phase: 'pausing', ms: retryPauseMs, failures };
    case 'woke':
      return { phase: 'searching', failures };
  }
}

function afterFailure(before: CallFailures, eventId: string, code: UpstreamErrorCode): WatchState {
  // The limiter knows when calls are possible again.
  if (code === 'rate_limited') return { phase: 'pausing', ms: retryPauseMs, failures: before };
  const failures = withFailure(before, eventId, code);
  return failures.stopped
    ? { phase: 'pausing', ms: fromMs, failures: noFailures }
    : { phase: 'pausing', ms: 0, failures };
}

/** The urgent events, and how long to pause (project ms) when there are none. */
export const findUrgent = (
  candidates: readonly Candidate[],
  { failures }: WatchState,
  goals: Goals,
  now: number,
): { readonly urgent: readonly Candidate[]; readonly pause: number } => ({
  urgent: urgentOf(candidates, failures.failed, goals, now),
  pause: untilNextUrgent(candidates, goals, now),
});
