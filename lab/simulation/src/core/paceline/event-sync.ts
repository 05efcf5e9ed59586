import { chooseInSlot, chooseUrgent } from '@paceline/event-sync/core/call-plan/choose';
import { planHorizon, slotsOf } from '@paceline/event-sync/core/call-plan/moments';
import { type CallPlan, createPlanner, type Situation } from '@paceline/event-sync/core/call-plan/next-calls';
import { type Candidate, isListFresh, type TimeSpan } from '@paceline/event-sync/core/classes';
import { listFailure, type ListState, startRun } from '@paceline/event-sync/core/event-run';
import {
  initialWatch,
  decide as decideWatch,
  watchedKind,
  type WatchEvent,
  type WatchState,
} from '@paceline/event-sync/core/urgent-watch';
import { schedulesOf, settingsOf } from '@paceline/planning/slots';
import { type EventKind, eventKinds, kinds } from '@paceline/shared/definition';
import { configOf } from '../scenario.ts';
import type { Simulation } from '../simulation.ts';
import { type Script, sleep } from '@paceline/kit/script';
import type { CallWithPermit } from './call.ts';
import { type EventCalls, runOverEvents } from './event-run.ts';
import type { SimulatedRun, RunEnding } from './runs.ts';

interface PlanOptions {
  readonly permit: Situation['permit'];
  readonly except: ReadonlySet<string>;
  readonly slot?: TimeSpan;
}

const hour = 3_600_000;

type Planner = (options: PlanOptions) => CallPlan;

/** Plans the next calls, as in `flows/call-plan.ts` of the event sync. */
export function openPlanner({ scenario, agenda, store, upstream, rules }: Simulation): Planner {
  const settings = settingsOf(configOf(scenario));
  const schedules = schedulesOf(settings).filter(
    ({ kind }) => settings.kinds[kind].mode === 'on' && eventKinds.some((each) => each === kind),
  );
  const isWatched = settings.kinds[watchedKind].mode === 'on';
  const policy = upstream.policies.signups;
  let coming = { at: Number.NEGATIVE_INFINITY, slots: [] as readonly TimeSpan[] };
  const plan = createPlanner<Candidate>(rules, scenario.definition.endpoints.signups.typicalMs);
  return ({ permit, except, slot }) => {
    const now = agenda.now();
    const events = store.candidates(planHorizon(now)).filter(({ eventId }) => !except.has(eventId));
    // They reach twice as far as a plan.
    if (now > coming.at + hour) coming = { at: now, slots: slotsOf(schedules, now) };
    const slots = [...coming.slots, ...(slot ? [slot] : [])];
    return plan({ events, policy, slots, isWatched, now, permit });
  };
}

/** Performs the decisions of a near or far run, as in `flows/signups.ts` of the event sync. */
export function syncEvents(simulation: Simulation, call: CallWithPermit, plan: Planner) {
  const { agenda, store } = simulation;

  function* refreshList({ slotId, slotEndsAt }: SimulatedRun, kind: EventKind): Script<ListState> {
    const isFresh = () => isListFresh(store.listFetchedAt(), agenda.now());
    if (isFresh()) return { state: 'fresh' };
    const end = yield* call({
      endpoint: 'events',
      lane: kinds[kind].lane,
      deadline: slotEndsAt,
      slotId,
      choose: () => (isFresh() ? undefined : 'upcoming'),
    });
    if (end.outcome === 'answered') store.storeList(end.arrivedAt, agenda.now());
    if (end.outcome === 'failed') return listFailure(end.code, end.code);
    return { state: end.outcome === 'refused' ? 'deferred' : 'fresh' };
  }

  return function* (row: SimulatedRun): Script<RunEnding> {
    const kind = row.kind as EventKind;
    const slot = { from: Number.NEGATIVE_INFINITY, until: row.slotEndsAt };
    const calls: EventCalls = {
      budget: 'signups',
      choose: (run, permit) => chooseInSlot(kind, plan({ permit, except: run.failed, slot }), run),
      store: (eventId, arrivedAt) => store.storeSignups(eventId, arrivedAt, agenda.now()),
    };
    const initial = startRun('signups', row, yield* refreshList(row, kind));
    return yield* runOverEvents(simulation, call, row, calls, initial);
  };
}

/** Performs the decisions of the urgent watch, as in `flows/urgent-watch.ts` of the event sync. */
export function* watchUrgent({ agenda, store }: Simulation, call: CallWithPermit, plan: Planner): Script {
  const found = ({ failures }: WatchState, permit: Situation['permit']): WatchEvent => ({
    event: 'found',
    ...chooseUrgent(plan({ permit, except: failures.failed })),
    now: agenda.now(),
  });
  let state = initialWatch;
  for (;;) {
    if (state.phase === 'pausing') {
      yield* sleep(agenda, state.ms);
      state = decideWatch(state, { event: 'woke' });
    }
    state = decideWatch(state, found(state, 'before'));
    if (state.phase !== 'waiting') continue;
    let eventId = '';
    const end = yield* call({
      endpoint: 'signups',
      lane: state.lane,
      deadline: state.deadline,
      choose: () => {
        state = decideWatch(state, found(state, 'held'));
        if (state.phase !== 'calling') return undefined;
        ({ eventId } = state.call.event);
        return eventId;
      },
    });
    if (end.outcome === 'answered') store.storeSignups(eventId, end.arrivedAt, agenda.now());
    if (end.outcome === 'answered' || end.outcome === 'refused')
      state = decideWatch(state, { event: end.outcome });
    if (end.outcome === 'failed') state = decideWatch(state, { event: 'failed', code: end.code });
  }
}
