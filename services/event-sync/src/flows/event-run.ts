import { PermitRefused, type Permit } from '@paceline/shared/limiter';
import {
  callOutcome,
  callUpstream,
  type PlanRun,
  type RunEnding,
  type RunRow,
  saveProgress,
  SourceUnavailable,
  type Sync,
  type Transaction,
} from '@paceline/shared/sync';
import { inSpan } from '@paceline/shared/telemetry';
import { type Skipped, UpstreamError } from '@paceline/shared/zwiftracing';
import {
  type EventBudget,
  beginRun,
  countsOf,
  decide,
  type EventRun,
  type Worthwhile,
  type RunEvent,
  type RunState,
} from '../core/event-run.ts';

/** What a run over events asks for, and what becomes of the answers. */
export interface EventCalls<Budget extends EventBudget, Answer> {
  readonly budget: Budget;
  look(run: EventRun): Promise<Worthwhile>;
  send(permit: Permit<Budget>, eventId: string): Promise<Answer>;
  /** The signups or results of an answer, and what could not be read of it. */
  read(answer: Answer): { readonly items: readonly unknown[]; readonly skipped: readonly Skipped[] };
  store(tx: Transaction, eventId: string, answer: Answer): Promise<void>;
  /** What a failed call means, and what is stored of it. */
  failed?(error: UpstreamError): { event: RunEvent; store(tx: Transaction, eventId: string): Promise<void> };
}

/** Calls for the events that are worth most, one after the other, for as long as the slot lasts. */
export async function runOverEvents<Budget extends EventBudget, Answer>(
  sync: Sync,
  row: RunRow,
  calls: EventCalls<Budget, Answer>,
  begun: RunState = beginRun(calls.budget, row),
): Promise<RunEnding> {
  let state = begun;
  for (;;) {
    if (state.is === 'ended') return state.ending;
    const { run } = state;
    state = decide(state, { event: 'looked', ...(await calls.look(run)) });
    if (state.is !== 'asking') continue;
    const asking = state;
    state = await inSpan(`sync ${calls.budget}`, {}, () => callForBest(sync, row, calls, asking));
  }
}

/** What a run would call for, by our copy of the list. */
export const planOverEvents =
  <Budget extends EventBudget, Answer>({ budget, look }: EventCalls<Budget, Answer>): PlanRun =>
  async (row) => {
    const state = beginRun(budget, row);
    return { endpoint: budget, candidates: state.is === 'ended' ? 0 : (await look(state.run)).left };
  };

/** Waits for a permit, spends it on what is worth most by then, and stores the answer with the run's progress. */
async function callForBest<Budget extends EventBudget, Answer>(
  sync: Sync,
  { runId, slotId, slotEndsAt }: RunRow,
  calls: EventCalls<Budget, Answer>,
  asking: RunState & { is: 'asking' },
): Promise<RunState> {
  const { budget } = calls;
  let state: RunState = asking;
  let eventId = '';
  const goOn = async (event: RunEvent, write: (tx: Transaction) => Promise<void>): Promise<RunState> => {
    const next = decide(state, event);
    if (next.is === 'choosing')
      await saveProgress(sync, runId, { counts: countsOf(next.run, next.left), checkpoint: null }, write);
    return next;
  };
  try {
    const answer = await callUpstream(sync, {
      endpoint: budget,
      lane: asking.lane,
      deadline: slotEndsAt,
      slotId,
      owner: { runId },
      choose: async () => {
        state = decide(state, { event: 'looked', ...(await calls.look(asking.run)) });
        if (state.is !== 'calling') return undefined;
        ({ eventId } = state.best);
        const target = eventId;
        return {
          target,
          because: state.best.because,
          send: (permit: Permit<Budget>) => calls.send(permit, target),
          outcome(given: Answer) {
            const { items, skipped } = calls.read(given);
            return callOutcome(`${items.length} ${budget}`, skipped);
          },
        };
      },
    });
    if (!answer) return state;
    const { items } = calls.read(answer);
    return await goOn({ event: 'answered', items: items.length }, (tx) => calls.store(tx, eventId, answer));
  } catch (error) {
    if (error instanceof SourceUnavailable)
      return decide(state, { event: 'unavailable', message: error.message });
    if (error instanceof PermitRefused) return decide(state, { event: 'refused' });
    if (!(error instanceof UpstreamError)) throw error;
    sync.log.warn({ err: error, eventId, runId }, `call for ${budget} failed`);
    const { code, message } = error;
    const { event, store } = calls.failed?.(error) ?? {
      event: { event: 'failed', code, message } as const,
      store: () => Promise.resolve(),
    };
    return goOn(event, (tx) => store(tx, eventId));
  }
}
