import { PermitRefused, type Permit } from '@paceline/shared/limiter';
import {
  callOutcome,
  callUpstream,
  type Doubt,
  type PlanRun,
  type RunResult,
  type RunRow,
  saveProgress,
  SourceUnavailable,
  type Sync,
  type Transaction,
} from '@paceline/shared/sync';
import { inSpan } from '@paceline/shared/telemetry';
import { type SkippedItem, UpstreamError } from '@paceline/shared/zwiftracing';
import {
  type EventBudget,
  startRun,
  countsOf,
  decide,
  type EventRun,
  longestIdleMs,
  type Selection,
  type RunEvent,
  type RunState,
} from '../core/event-run.ts';

/** The calls of a run over events, and how their responses are stored. */
export interface EventCalls<Budget extends EventBudget, Answer> {
  readonly budget: Budget;
  /** @param permit whether the call can be made at once, or has yet to wait for its permit */
  choose(run: EventRun, permit: 'held' | 'before'): Promise<Selection>;
  send(permit: Permit<Budget>, eventId: string): Promise<Answer>;
  /** The signups or results in a response, and the entries that could not be read. */
  read(answer: Answer): { readonly items: readonly unknown[]; readonly skipped: readonly SkippedItem[] };
  /** @returns the doubt about a response that lacks most of what is stored */
  store(tx: Transaction, eventId: string, answer: Answer): Promise<Doubt | undefined>;
  /** What a failed call means for the run, and what to store. Default: failed, nothing stored. */
  failed?(error: UpstreamError): { event: RunEvent; store(tx: Transaction, eventId: string): Promise<void> };
}

/** Fetches events one at a time, as they are chosen, until the slot ends or none is worth a call before that. */
export async function runOverEvents<Budget extends EventBudget, Answer>(
  sync: Sync,
  row: RunRow,
  calls: EventCalls<Budget, Answer>,
  initial: RunState = startRun(calls.budget, row),
): Promise<RunResult> {
  let state = initial;
  for (;;) {
    if (state.phase === 'ended') return state.ending;
    const { run } = state;
    state = decide(state, { event: 'found', ...(await calls.choose(run, 'before')) });
    if (state.phase === 'idle') {
      await sync.clock.sleep(Math.min(longestIdleMs, state.until - sync.clock.now()), sync.signal);
      state = decide(state, { event: 'woke' });
    }
    if (state.phase !== 'waiting') continue;
    const waiting = state;
    state = await inSpan(`sync ${calls.budget}`, {}, () => fetchBestEvent(sync, row, calls, waiting));
  }
}

/** How many events a run would fetch, by our copy of the event list. */
export const planOverEvents =
  <Budget extends EventBudget, Answer>({ budget, choose }: EventCalls<Budget, Answer>): PlanRun =>
  async (row) => {
    const state = startRun(budget, row);
    return {
      endpoint: budget,
      candidates: state.phase === 'ended' ? 0 : (await choose(state.run, 'before')).left,
    };
  };

/** Waits for a permit, fetches the event that is best by then, and stores the response with the run's progress. */
async function fetchBestEvent<Budget extends EventBudget, Answer>(
  sync: Sync,
  { runId, slotId, slotEndsAt }: RunRow,
  calls: EventCalls<Budget, Answer>,
  waiting: RunState & { phase: 'waiting' },
): Promise<RunState> {
  const { budget } = calls;
  let state: RunState = waiting;
  let eventId = '';
  /** @param write stores the response, and returns what it means */
  const advance = async (write: (tx: Transaction) => Promise<RunEvent>): Promise<RunState> => {
    if (state.phase !== 'calling') return state;
    let after: EventRun = state.run;
    let left = state.rest;
    const progress = () => ({ counts: countsOf(after, left), checkpoint: null });
    let next: RunState = state;
    await saveProgress(sync, runId, progress, async (tx) => {
      next = decide(state, await write(tx));
      if (next.phase === 'choosing') ({ run: after, left } = next);
    });
    return next;
  };
  try {
    const answer = await callUpstream(sync, {
      endpoint: budget,
      lane: waiting.lane,
      deadline: slotEndsAt,
      slotId,
      owner: { runId },
      choose: async () => {
        state = decide(state, { event: 'found', ...(await calls.choose(waiting.run, 'held')) });
        if (state.phase !== 'calling') return undefined;
        ({ eventId } = state.best);
        const target = eventId;
        return {
          target,
          because: state.best.because,
          ...(state.best.freshUntil !== undefined && { freshUntil: state.best.freshUntil }),
          send: (permit: Permit<Budget>) => calls.send(permit, target),
          outcome(response: Answer) {
            const { items, skipped } = calls.read(response);
            return callOutcome(`${items.length} ${budget}`, skipped);
          },
        };
      },
    });
    if (!answer) return state;
    const { items } = calls.read(answer);
    return await advance(async (tx) => {
      const doubt = await calls.store(tx, eventId, answer);
      if (!doubt) return { event: 'answered', items: items.length };
      sync.log.warn({ eventId, runId, reason: doubt.text }, `${budget} response in doubt`);
      return { event: 'failed', code: 'unreadable', message: doubt.text };
    });
  } catch (error) {
    if (error instanceof SourceUnavailable)
      return decide(state, { event: 'unavailable', message: error.message });
    if (error instanceof PermitRefused) return decide(state, { event: 'refused' });
    if (!(error instanceof UpstreamError)) throw error;
    sync.log.warn({ err: error, eventId, runId }, `${budget} call failed`);
    const { code, message } = error;
    const { event, store } = calls.failed?.(error) ?? {
      event: { event: 'failed', code, message } as const,
      store: () => Promise.resolve(),
    };
    return advance(async (tx) => {
      await store(tx, eventId);
      return event;
    });
  }
}
