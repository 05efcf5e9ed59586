import type { Lane } from '@paceline/shared/definition';
import { sourceUnavailableMessage, type RunCounts } from '@paceline/shared/contracts';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';

/*
 * A run over events, for their signups or their results: `decide` names what it does next, a shell performs it.
 *
 *   choosing ──looked──▶ asking ──looked──▶ calling ──answered, failed──▶ choosing …
 *       └──────────────────┴── nothing worth a call, refused, unavailable ──▶ ended
 */

/** Which events could not be fetched, and what that means for the others. */
export interface Failures {
  readonly failed: ReadonlySet<string>;
  /** How many in a row. */
  readonly inARow: number;
  /** True once going on would only waste calls. */
  readonly stopped: boolean;
}

export const noFailures: Failures = { failed: new Set(), inARow: 0, stopped: false };

/** From this many failures in a row on, the events are not the cause. */
export const enough = 3;
/** What is wrong with every event alike. */
const general: ReadonlySet<UpstreamErrorCode> = new Set(['unauthorized', 'rate_limited']);

/** One more event has failed for good. */
export function failedOnce(before: Failures, eventId: string, code: UpstreamErrorCode): Failures {
  const inARow = before.inARow + 1;
  const stopped = general.has(code) || inARow >= enough;
  return { failed: new Set([...before.failed, eventId]), inARow, stopped };
}

/** The budget of a run's calls; the part of the API has the same name. */
export type EventBudget = 'signups' | 'results';

/** What a run has done. Its counts count events. */
export interface EventRun extends Failures {
  readonly budget: EventBudget;
  readonly startedAt: number;
  readonly synced: number;
  /** Signups or results. */
  readonly stored: number;
  readonly error: string | null;
  /** There is no newer list, so it is unknown what would be worth a call. */
  readonly listDeferred: boolean;
}

/** The event that is most worth a call. */
export interface Best {
  readonly eventId: string;
  readonly lane: Lane;
  readonly because: string;
  /** Whether it is one of those that the run is for, which `left` counts. */
  readonly isOwn: boolean;
}

/** What is worth a call; `left`: how many events of those that the run is for. */
export interface Worthwhile {
  readonly best: Best | undefined;
  readonly left: number;
}

/** `left`: how many events were worth a call when the last one was made. */
interface Going {
  readonly run: EventRun;
  readonly left: number;
}

export type RunState =
  | (Going & { readonly is: 'choosing' })
  /** Waits for a permit. */
  | (Going & { readonly is: 'asking'; readonly lane: Lane })
  /** Has a permit; `rest`: how many events are left beside the one that is called for. */
  | (Going & { readonly is: 'calling'; readonly best: Best; readonly rest: number })
  | { readonly is: 'ended'; readonly ending: ReturnType<typeof endingOf> };

export type RunEvent =
  | ({ readonly event: 'looked' } & Worthwhile)
  /** The answer is stored; `items`: how many signups or results. */
  | { readonly event: 'answered'; readonly items: number }
  /** The call has failed for good. */
  | { readonly event: 'failed'; readonly code: UpstreamErrorCode; readonly message: string }
  /** The slot ends before a call is free. */
  | { readonly event: 'refused' }
  /** This key may not use that part of the API. */
  | { readonly event: 'unavailable'; readonly message: string };

/** What has become of the list that a run begins with. `deferred`: the slot ends before a call is free. */
export type ListState =
  | { readonly is: 'fresh' | 'deferred' }
  | { readonly is: 'failed' | 'not available'; readonly error: string };

/** A call for the list has failed for good; `not available`: this key may not use that part of the API at all. */
export const listFailed = (code: UpstreamErrorCode, message: string): ListState =>
  code === 'unauthorized' || code === 'not_found'
    ? { is: 'not available', error: sourceUnavailableMessage('events', message) }
    : { is: 'failed', error: `the list of events: ${message}` };

/** A run as its row left it: what a dead process had synced is counted on, what had failed for it may be tried again. */
export function beginRun(
  budget: EventBudget,
  { startedAt, counts: { synced, stored } }: { startedAt: number; counts: RunCounts },
  list: ListState = { is: 'fresh' },
): RunState {
  const error = 'error' in list ? list.error : null;
  const listDeferred = list.is === 'deferred';
  const run: EventRun = { budget, startedAt, synced, stored, ...noFailures, error, listDeferred };
  // Our copy may still do, unless the key has no list.
  if (list.is === 'not available') return { is: 'ended', ending: { ...endingOf(run, 0), state: 'failed' } };
  return { is: 'choosing', run, left: 0 };
}

export function decide(state: RunState, event: RunEvent): RunState {
  if (state.is === 'ended') return state;
  const { run, left } = state;
  switch (event.event) {
    case 'looked':
      return state.is === 'choosing' ? chosen(run, event) : chosenAgain(run, left, event);
    case 'refused':
      return { is: 'ended', ending: endingOf(run, left) };
    case 'unavailable':
      return { is: 'ended', ending: endingOf({ ...run, error: event.message }, left) };
    case 'answered':
    case 'failed': {
      // Only a call that is made can come to that.
      if (state.is !== 'calling') return state;
      const after =
        event.event === 'failed' ? callFailed(run, state.best, event) : answered(run, event.items);
      return { is: 'choosing', run: after, left: state.rest };
    }
  }
}

const answered = (run: EventRun, items: number): EventRun => ({
  ...run,
  synced: run.synced + 1,
  stored: run.stored + items,
  inARow: 0,
});

function chosen(run: EventRun, { best, left }: Worthwhile): RunState {
  if (best && !run.stopped) return { is: 'asking', run, left, lane: best.lane };
  return { is: 'ended', ending: endingOf(run, left || Number(run.listDeferred)) };
}

/** With the permit in hand: what is worth most by now, which another run may have fetched. */
const chosenAgain = (run: EventRun, left: number, now: Worthwhile): RunState =>
  now.best
    ? { is: 'calling', run, left, best: now.best, rest: now.left - Number(now.best.isOwn) }
    : { is: 'ended', ending: endingOf(run, 0) };

function callFailed(
  run: EventRun,
  { eventId }: Best,
  { code, message }: { code: UpstreamErrorCode; message: string },
): EventRun {
  const failures = failedOnce(run, eventId, code);
  const isSource =
    code === 'unauthorized' || (code === 'not_found' && failures.inARow >= enough && run.synced === 0);
  const error = isSource ? sourceUnavailableMessage(run.budget, message) : `event ${eventId}: ${message}`;
  return { ...run, ...failures, error };
}

/** @param left how many events would still be worth a call */
export const countsOf = ({ synced, stored, failed }: EventRun, left: number): RunCounts => ({
  planned: synced + failed.size + left,
  synced,
  failed: failed.size,
  deferred: 0,
  stored,
});

/** What the run comes to when it ends here; `left` is for the next one. */
function endingOf(run: EventRun, left: number) {
  const { error, synced } = run;
  const state: 'done' | 'failed' = error !== null && synced === 0 ? 'failed' : 'done';
  return { state, error, counts: { ...countsOf(run, left), deferred: left }, checkpoint: null };
}
