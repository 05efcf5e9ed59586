import { eventKinds, freshnessClasses, type Lane } from '@paceline/shared/definition';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import { withFailure, type CallFailures, noFailures } from './event-run.ts';
import type { PlannedCall } from './call-plan/plan.ts';

const { fromMs, lane } = freshnessClasses.urgent;
/** The kind that also covers urgent events. The watch makes no calls unless this kind is on. */
export const [watchedKind] = eventKinds;
/** Project ms until the next try after a refusal or an error. */
const retryPauseMs = 60_000;
/** Project ms; then the plan is made again, because the events may have changed. */
const longestPauseMs = 60_000;

/**
 * The watch makes the calls that are planned for the last minutes before a start, in or outside a slot.
 *
 *   searching ──▶ waiting ──▶ calling ──▶ searching …, or pausing ──woke──▶ searching
 */
export type WatchState = { readonly failures: CallFailures } & (
  | { readonly phase: 'searching' }
  /** Waiting for a permit; at `deadline` the event has started. */
  | { readonly phase: 'waiting'; readonly lane: Lane; readonly deadline: number }
  | { readonly phase: 'calling'; readonly call: PlannedCall }
  /** Project ms. */
  | { readonly phase: 'pausing'; readonly ms: number }
);

export type WatchEvent =
  /** The next call, if it is an urgent one; `next`: when the next urgent call is planned; project ms. */
  | {
      readonly event: 'found';
      readonly call: PlannedCall | undefined;
      readonly next: number;
      readonly now: number;
    }
  | { readonly event: 'answered' | 'refused' | 'error' | 'woke' }
  | { readonly event: 'failed'; readonly code: UpstreamErrorCode };

export const initialWatch: WatchState = { phase: 'searching', failures: noFailures };

export function decide(state: WatchState, event: WatchEvent): WatchState {
  const { failures } = state;
  const searchAgain: WatchState = { phase: 'searching', failures: { ...failures, consecutive: 0 } };
  switch (event.event) {
    case 'found': {
      const { call, next, now } = event;
      if (state.phase !== 'searching') return call ? { phase: 'calling', call, failures } : searchAgain;
      if (call) return { phase: 'waiting', lane, deadline: call.event.startsAt, failures };
      return { phase: 'pausing', ms: Math.min(longestPauseMs, Math.max(0, next - now)), failures };
    }
    case 'answered':
      return searchAgain;
    case 'failed':
      return state.phase === 'calling'
        ? afterFailure(failures, state.call.event.eventId, event.code)
        : searchAgain;
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
