import {
  decide,
  type EventBudget,
  type EventRun,
  longestIdleMs,
  type RunState,
  type Selection,
} from '@paceline/event-sync/core/event-run';
import { type Script, sleep } from '@paceline/kit/script';
import type { Simulation } from '../simulation.ts';
import type { CallEnd, CallWithPermit } from './call.ts';
import type { RunEnding, SimulatedRun } from './runs.ts';

/** The calls of a run over events, and how their responses are stored. */
export interface EventCalls {
  readonly budget: EventBudget;
  choose(run: EventRun, permit: 'held' | 'before'): Selection;
  /** @returns the number of signups or results */
  store(eventId: string, arrivedAt: number): number;
  failed?(eventId: string, end: CallEnd & { readonly outcome: 'failed' }): void;
}

/** Performs the decisions of a run over events, as in `flows/event-run.ts` of the event sync. */
export function* runOverEvents(
  { agenda }: Simulation,
  call: CallWithPermit,
  { slotId, slotEndsAt }: SimulatedRun,
  calls: EventCalls,
  initial: RunState,
): Script<RunEnding> {
  let state = initial;
  for (;;) {
    if (state.phase === 'ended') return state.ending;
    const { run } = state;
    const choose = (permit: 'held' | 'before') =>
      decide(state, { event: 'found', ...calls.choose(run, permit) });
    state = choose('before');
    if (state.phase === 'idle') {
      yield* sleep(agenda, Math.min(longestIdleMs, state.until - agenda.now()));
      state = decide(state, { event: 'woke' });
    }
    if (state.phase !== 'waiting') continue;
    let eventId = '';
    const end = yield* call({
      endpoint: calls.budget,
      lane: state.lane,
      deadline: slotEndsAt,
      slotId,
      choose() {
        state = choose('held');
        if (state.phase !== 'calling') return undefined;
        ({ eventId } = state.best);
        return eventId;
      },
    });
    if (end.outcome === 'refused') state = decide(state, { event: 'refused' });
    if (end.outcome === 'failed') {
      calls.failed?.(eventId, end);
      state = decide(state, { event: 'failed', code: end.code, message: end.code });
    }
    if (end.outcome === 'answered')
      state = decide(state, { event: 'answered', items: calls.store(eventId, end.arrivedAt) });
  }
}
