import type { Lane } from '@paceline/shared/definition';
import { sourceUnavailableMessage, type RunCounts } from '@paceline/shared/contracts';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';

/*
 * A run that fetches the signups or results of events: `decide` returns the next state, `flows/event-run.ts` acts on it.
 *
 *   choosing ──found──▶ waiting ──found──▶ calling ──answered, failed──▶ choosing …
 *    │    ▲ └──later──▶ idle ──woke──▶ choosing
 *    │    └──────────────── nothing worth a call in this lane any longer (waiting)
 *    └── no call in this slot, refused, unavailable ──▶ ended
 */

/** Events whose calls failed, and whether to continue with the others. */
export interface CallFailures {
  readonly failed: ReadonlySet<string>;
  readonly consecutive: number;
  /** True when more calls would only be wasted. */
  readonly stopped: boolean;
}

export const noFailures: CallFailures = { failed: new Set(), consecutive: 0, stopped: false };

/** After this many failures in a row, the cause is probably not a single event. */
export const maxConsecutiveFailures = 3;
const affectsAllEvents: ReadonlySet<UpstreamErrorCode> = new Set(['unauthorized', 'rate_limited']);

/** Failures with one more failed event. */
export function withFailure(before: CallFailures, eventId: string, code: UpstreamErrorCode): CallFailures {
  const consecutive = before.consecutive + 1;
  const stopped = affectsAllEvents.has(code) || consecutive >= maxConsecutiveFailures;
  return { failed: new Set([...before.failed, eventId]), consecutive, stopped };
}

/** Project ms; then an idle run chooses again, because the events may have changed. */
export const longestIdleMs = 60_000;

/** The budget of a run's calls, which is also the name of their source. */
export type EventBudget = 'signups' | 'results';

/** Progress of a run. Counts are events, except `stored`. */
export interface EventRun extends CallFailures {
  readonly budget: EventBudget;
  /** When its slot ends, project ms. */
  readonly endsAt: number;
  readonly synced: number;
  /** Signups or results. */
  readonly stored: number;
  /** Of its last failed call for an event. */
  readonly error: string | null;
  /** Why the event list could not be refreshed. */
  readonly listError: string | null;
  /** The event list could not be refreshed in this slot, so new events are unknown. */
  readonly listDeferred: boolean;
  /** The urgent event whose call it last left to the watch. */
  readonly leftToWatch: string | null;
}

/** The event for which a call has the highest value. */
export interface BestEvent {
  readonly eventId: string;
  readonly lane: Lane;
  readonly because: string;
  /** For signups: the copy stays within its goals until then, project ms. */
  readonly freshUntil?: number;
  /** Whether it belongs to the run's own kind, which `left` counts. */
  readonly isOwn: boolean;
}

/** The best event to fetch now; `left`: for how many events of the run's own kind calls are planned in its slot. */
export interface Selection {
  readonly best: BestEvent | undefined;
  readonly left: number;
  /** Without a best event: when there is one, project ms. */
  readonly next?: number;
  /** The urgent event whose call is left to the watch until then. */
  readonly leftToWatch?: string;
}

/** `left`: how many events were worth a call at the last choice. */
interface RunInProgress {
  readonly run: EventRun;
  readonly left: number;
}

export type RunState =
  | (RunInProgress & { readonly phase: 'choosing' })
  /** No event is worth a call before `until`, project ms. */
  | (RunInProgress & { readonly phase: 'idle'; readonly until: number })
  /** Waiting for a permit. */
  | (RunInProgress & { readonly phase: 'waiting'; readonly lane: Lane })
  /** Has a permit; `rest`: how many other events are left. */
  | (RunInProgress & { readonly phase: 'calling'; readonly best: BestEvent; readonly rest: number })
  | { readonly phase: 'ended'; readonly ending: ReturnType<typeof endingOf> };

export type RunEvent =
  | ({ readonly event: 'found' } & Selection)
  | { readonly event: 'woke' }
  /** Response received; `items`: number of signups or results. */
  | { readonly event: 'answered'; readonly items: number }
  /** Call failed after its retries. */
  | { readonly event: 'failed'; readonly code: UpstreamErrorCode; readonly message: string }
  /** No call is possible before the slot ends. */
  | { readonly event: 'refused' }
  /** This key can't use the source. */
  | { readonly event: 'unavailable'; readonly message: string };

/** State of the event list at the start of a run. `deferred`: no call is possible before the slot ends. */
export type ListState =
  | { readonly state: 'fresh' | 'deferred' }
  | { readonly state: 'failed' | 'unavailable'; readonly error: string };

/** A failed call for the event list; `unavailable`: this key can't use the source at all. */
export const listFailure = (code: UpstreamErrorCode, message: string): ListState =>
  code === 'unauthorized' || code === 'not_found'
    ? { state: 'unavailable', error: sourceUnavailableMessage('events', message) }
    : { state: 'failed', error: `event list: ${message}` };

/** Continues from the counts in the run's row; events that failed before a restart are tried again. */
export function startRun(
  budget: EventBudget,
  { slotEndsAt, counts: { synced, stored } }: { slotEndsAt: number; counts: RunCounts },
  list: ListState = { state: 'fresh' },
): RunState {
  const listError = 'error' in list ? list.error : null;
  const listDeferred = list.state === 'deferred';
  const run: EventRun = {
    budget,
    endsAt: slotEndsAt,
    synced,
    stored,
    ...noFailures,
    error: null,
    listError,
    listDeferred,
    leftToWatch: null,
  };
  // An older copy of the list will do, unless this key can't fetch it at all.
  if (list.state === 'unavailable')
    return { phase: 'ended', ending: { ...endingOf(run, 0), state: 'failed' } };
  return { phase: 'choosing', run, left: 0 };
}

export function decide(state: RunState, event: RunEvent): RunState {
  if (state.phase === 'ended') return state;
  const { run, left } = state;
  switch (event.event) {
    case 'found':
      if (state.phase === 'choosing' || state.phase === 'idle') return afterChoosing(run, event);
      // Calling: the call is repeated.
      return afterPermit(run, state.phase === 'calling' ? state.best.lane : state.lane, event);
    case 'woke':
      return { phase: 'choosing', run, left };
    case 'refused':
      return { phase: 'ended', ending: endingOf(run, left) };
    case 'unavailable':
      return { phase: 'ended', ending: endingOf({ ...run, error: event.message }, left) };
    case 'answered':
    case 'failed': {
      // Only a call can be answered or fail.
      if (state.phase !== 'calling') return state;
      const after =
        event.event === 'failed' ? withFailedCall(run, state.best, event) : withFetched(run, event.items);
      return { phase: 'choosing', run: after, left: state.rest };
    }
  }
}

const withFetched = (run: EventRun, items: number): EventRun => ({
  ...run,
  synced: run.synced + 1,
  stored: run.stored + items,
  consecutive: 0,
});

function afterChoosing(run: EventRun, { best, left, next = Infinity, leftToWatch }: Selection): RunState {
  if (best && !run.stopped) return { phase: 'waiting', run, left, lane: best.lane };
  if (next < run.endsAt && !run.stopped)
    return { phase: 'idle', run: { ...run, leftToWatch: leftToWatch ?? run.leftToWatch }, left, until: next };
  return { phase: 'ended', ending: endingOf(run, left || Number(run.listDeferred)) };
}

/**
 * Chooses again once the permit is granted: another run may have fetched the event in the meantime. A call for another lane
 * is requested there, so that each lane's calls are its own.
 */
const afterPermit = (run: EventRun, lane: Lane, { best, left }: Selection): RunState =>
  best?.lane === lane
    ? { phase: 'calling', run, left, best, rest: left - Number(best.isOwn) }
    : { phase: 'choosing', run, left };

function withFailedCall(
  run: EventRun,
  { eventId }: BestEvent,
  { code, message }: { code: UpstreamErrorCode; message: string },
): EventRun {
  const failures = withFailure(run, eventId, code);
  const isSource =
    code === 'unauthorized' ||
    (code === 'not_found' && failures.consecutive >= maxConsecutiveFailures && run.synced === 0);
  const error = isSource ? sourceUnavailableMessage(run.budget, message) : `event ${eventId}: ${message}`;
  return { ...run, ...failures, error };
}

/** @param left how many events are still worth a call */
export const countsOf = ({ synced, stored, failed }: EventRun, left: number): RunCounts => ({
  planned: synced + failed.size + left,
  synced,
  failed: failed.size,
  deferred: 0,
  stored,
});

/** The result of a run that ends now; `left` events are deferred to the next one. */
function endingOf(run: EventRun, left: number) {
  const { synced } = run;
  const error = [run.listError, run.error].filter((each) => each !== null).join('; ') || null;
  const state: 'done' | 'failed' = error !== null && synced === 0 ? 'failed' : 'done';
  return { state, error, counts: { ...countsOf(run, left), deferred: left }, checkpoint: null };
}
