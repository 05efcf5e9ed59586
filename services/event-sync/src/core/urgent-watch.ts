import { eventKinds, freshnessClasses, type Lane } from '@paceline/shared/definition';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import type { Candidate, Goals } from './classes.ts';
import { failedOnce, type Failures, noFailures } from './event-run.ts';
import { untilNextUrgent, urgentOf } from './urgent.ts';

const { fromMs, lane } = freshnessClasses.urgent;
/** The kind whose events are watched: what is about to start it looks at too. While it is not on, the watch does not call. */
export const [watchedKind] = eventKinds;
/** Project ms after which the watch tries again when something is in the way. */
const pauseAfterTrouble = 60_000;

/**
 * The watch over events that are about to start: each is fetched once in its last minutes, in or out of a slot.
 *
 *   looking ──▶ asking ──▶ calling ──▶ looking …, or pausing ──woke──▶ looking
 */
export type WatchState = { readonly failures: Failures } & (
  | { readonly is: 'looking' }
  /** Waits for a permit; after `deadline` all of them have started. */
  | { readonly is: 'asking'; readonly lane: Lane; readonly deadline: number }
  | { readonly is: 'calling'; readonly eventId: string }
  /** Project ms. */
  | { readonly is: 'pausing'; readonly ms: number }
);

export type WatchEvent =
  | { readonly event: 'looked'; readonly urgent: readonly Candidate[]; readonly pause: number }
  | { readonly event: 'answered' | 'refused' | 'troubled' | 'woke' }
  | { readonly event: 'failed'; readonly code: UpstreamErrorCode };

export const beginWatch: WatchState = { is: 'looking', failures: noFailures };

export function decide(state: WatchState, event: WatchEvent): WatchState {
  const { failures } = state;
  const lookAgain: WatchState = { is: 'looking', failures: { ...failures, inARow: 0 } };
  switch (event.event) {
    case 'looked': {
      const { urgent, pause } = event;
      const [first] = urgent;
      if (state.is !== 'looking')
        return first ? { is: 'calling', eventId: first.eventId, failures } : lookAgain;
      if (!first) return { is: 'pausing', ms: pause, failures };
      const deadline = Math.max(...urgent.map(({ startsAt }) => startsAt));
      return { is: 'asking', lane, deadline, failures };
    }
    case 'answered':
      return lookAgain;
    case 'failed':
      return state.is === 'calling' ? afterFailure(failures, state.eventId, event.code) : lookAgain;
    case 'refused':
    case 'troubled':
      return { is: 'pausing', ms: pauseAfterTrouble, failures };
    case 'woke':
      return { is: 'looking', failures };
  }
}

function afterFailure(before: Failures, eventId: string, code: UpstreamErrorCode): WatchState {
  // When it is open again the limiter knows best.
  if (code === 'rate_limited') return { is: 'pausing', ms: pauseAfterTrouble, failures: before };
  const failures = failedOnce(before, eventId, code);
  return failures.stopped
    ? { is: 'pausing', ms: fromMs, failures: noFailures }
    : { is: 'pausing', ms: 0, failures };
}

/** What a look finds: events that may be called for, and when to look again. */
export const lookFor = (
  candidates: readonly Candidate[],
  { failures }: WatchState,
  goals: Goals,
  now: number,
): { readonly urgent: readonly Candidate[]; readonly pause: number } => ({
  urgent: urgentOf(candidates, failures.failed, goals, now),
  pause: untilNextUrgent(candidates, goals, now),
});
