import { addLane } from '@paceline/rider-sync/core/batcher';
import { deadlineOf, minWaitMs } from '@paceline/rider-sync/core/command';
import {
  type FetchEnd,
  minOverdueMs,
  SingleOrBulk,
  typicalMsOf,
} from '@paceline/rider-sync/core/single-or-bulk';
import type { Lane } from '@paceline/shared/definition';
import type { Simulation } from '../simulation.ts';
import type { Click } from '../scenario.ts';
import { waitFor, runScript, once, type Script } from '@paceline/kit/script';
import type { BulkCalls } from './batcher.ts';
import type { CallWithPermit } from './call.ts';
import type { WantedRider, WantedRiders } from './wanted-riders.ts';

/** A rider that a command needs, and how its GET is requested. */
export interface RiderRequest extends WantedRider {
  readonly lane: Lane;
  readonly deadline: number;
  readonly attempts: number;
}

/** Adds a rider, as in `flows/add-rider.ts` of the rider sync. */
export const addRider = (simulation: Simulation, call: CallWithPermit, bulk: BulkCalls) =>
  function* ({ riderId, at }: Click): Script {
    const { agenda, clock, tally } = simulation;
    const isStored = yield* fetchSingleOrBulk(simulation, call, bulk, {
      commandId: `add ${riderId}`,
      riderId,
      why: 'add',
      freshFrom: at,
      since: at,
      lane: addLane,
      deadline: deadlineOf(agenda.now(), clock.toProjectMs(minWaitMs)),
      attempts: Number.POSITIVE_INFINITY,
    });
    if (isStored) tally.recordStored(riderId, agenda.now());
    else tally.recordRefused(riderId);
  };

/** Fetches a rider with a GET or the next bulk call, whichever gets its permit first. @returns whether it is stored */
export function* fetchSingleOrBulk(
  simulation: Simulation,
  call: CallWithPermit,
  bulk: BulkCalls,
  request: RiderRequest,
): Script<boolean> {
  const isStored = yield* waitFor<boolean>((wake) => fetchRider(simulation, call, bulk, request, once(wake)));
  if (!isStored) bulk.wanted.end(request.riderId, 'failed');
  return isStored;
}

/** Performs the decisions for one rider on virtual time. */
function fetchRider(
  simulation: Simulation,
  call: CallWithPermit,
  { batcher, wanted }: BulkCalls,
  request: RiderRequest,
  ended: (isStored: boolean) => void,
): void {
  const { scenario, agenda, clock } = simulation;
  const { riderId, lane, deadline } = request;
  let withdrawal = new AbortController();
  let watch = {};
  const fetch: SingleOrBulk = new SingleOrBulk(
    { riderId, lane, deadline },
    typicalMsOf(scenario.definition.endpoints),
    {
      now: () => agenda.now(),
      requestSingle() {
        withdrawal = new AbortController();
        runScript(getRider(simulation, call, wanted, fetch, request, withdrawal.signal));
      },
      withdrawSingle: () => withdrawal.abort(),
      list() {
        wanted.add(request);
        fetch.dispatch({ type: 'listed' });
        batcher.reconsider();
      },
      readOutcome() {
        const outcome = wanted.outcomeOf(riderId);
        if (outcome) fetch.dispatch({ type: 'ended', end: endOf[outcome] });
      },
      watchBulkCall({ overdueAt }) {
        const mine = (watch = {});
        agenda.in(overdueAt + clock.toProjectMs(minOverdueMs) - agenda.now(), () => {
          if (watch === mine) fetch.dispatch({ type: 'bulk overdue' });
        });
      },
      report: () => undefined,
      end({ end }) {
        withdrawal.abort();
        leave();
        ended(end.outcome === 'stored');
      },
    },
  );
  const leave = batcher.join(fetch);
  runScript(getRider(simulation, call, wanted, fetch, request, withdrawal.signal));
}

const endOf = {
  done: { outcome: 'stored' },
  failed: { outcome: 'failed', error: 'bulk call failed' },
} as const satisfies Record<string, FetchEnd>;

function* getRider(
  { agenda, store }: Simulation,
  call: CallWithPermit,
  wanted: WantedRiders,
  fetch: SingleOrBulk,
  { riderId, lane, deadline, freshFrom, since, attempts }: RiderRequest,
  withdrawn: AbortSignal,
): Script {
  const isStored = () => store.isStoredSince(riderId, freshFrom);
  const end = yield* call({
    endpoint: 'riders_single',
    lane,
    ...(Number.isFinite(deadline) && { deadline }),
    requestedAt: since,
    attempts,
    signal: withdrawn,
    onWaiting(estimate) {
      if (!withdrawn.aborted) fetch.dispatch({ type: 'single estimate', estimate });
    },
    choose: () => (isStored() || withdrawn.aborted || !fetch.canSend() ? undefined : String(riderId)),
    onFailed: () => fetch.dispatch({ type: 'single lost' }),
  });
  if (end.outcome === 'answered') {
    store.storeRider(riderId, agenda.now());
    wanted.endFetched(riderId);
  }
  if (fetch.state.stage === 'ended') return;
  if (isStored()) fetch.dispatch({ type: 'ended', end: { outcome: 'stored' } });
  else if (withdrawn.aborted) return;
  else if (end.outcome === 'refused') fetch.dispatch({ type: 'single refused', earliest: end.earliest });
  else if (end.outcome === 'failed' && end.retryAfterMs !== undefined)
    fetch.dispatch({ type: 'single refused', earliest: agenda.now() + end.retryAfterMs });
  else if (end.outcome === 'failed')
    fetch.dispatch({ type: 'ended', end: { outcome: 'failed', error: end.code } });
}
