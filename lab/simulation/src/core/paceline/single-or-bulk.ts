import { addLane } from '@paceline/rider-sync/core/batcher';
import { deadlineOf, minWaitMs } from '@paceline/rider-sync/core/command';
import { minOverdueMs, SingleOrBulk } from '@paceline/rider-sync/core/single-or-bulk';
import type { Simulation } from '../simulation.ts';
import type { Click } from '../scenario.ts';
import { waitFor, runScript, once, type Script } from '@paceline/kit/script';
import type { BulkCalls } from './batcher.ts';
import type { CallWithPermit } from './call.ts';

/** Fetches a rider with a GET or the next bulk call, whichever gets its permit first. */
export const addRider = (simulation: Simulation, call: CallWithPermit, bulk: BulkCalls) =>
  function* (click: Click): Script {
    const isStored = yield* waitFor<boolean>((wake) => fetchRider(simulation, call, bulk, click, once(wake)));
    if (isStored) simulation.tally.recordStored(click.riderId, simulation.agenda.now());
    else simulation.tally.recordRefused(click.riderId);
  };

/** Performs the decisions for one rider on virtual time. */
function fetchRider(
  simulation: Simulation,
  call: CallWithPermit,
  { batcher, listed }: BulkCalls,
  click: Click,
  ended: (isStored: boolean) => void,
): void {
  const { agenda, clock } = simulation;
  const { riderId } = click;
  const deadline = deadlineOf(agenda.now(), clock.toProjectMs(minWaitMs));
  let withdrawal = new AbortController();
  let watch = {};
  const requestSingle = () => {
    withdrawal = new AbortController();
    runScript(getRider(simulation, call, fetch, click, withdrawal.signal));
  };
  const fetch: SingleOrBulk = new SingleOrBulk(
    { riderId, lane: addLane, deadline },
    {
      now: () => agenda.now(),
      requestSingle() {
        // A bulk call removed it from the list.
        listed.add(riderId);
        requestSingle();
      },
      withdrawSingle: () => withdrawal.abort(),
      list() {
        listed.add(riderId);
        fetch.dispatch({ type: 'listed' });
        batcher.reconsider();
      },
      readOutcome: () => fetch.dispatch({ type: 'ended', end: { outcome: 'stored' } }),
      watchBulkCall({ overdueAt }) {
        const mine = (watch = {});
        agenda.in(overdueAt + clock.toProjectMs(minOverdueMs) - agenda.now(), () => {
          if (watch === mine) fetch.dispatch({ type: 'bulk overdue' });
        });
      },
      report: () => undefined,
      end({ end }) {
        listed.delete(riderId);
        withdrawal.abort();
        leave();
        ended(end.outcome === 'stored');
      },
    },
  );
  const leave = batcher.join(fetch);
  requestSingle();
}

function* getRider(
  { agenda, store }: Simulation,
  call: CallWithPermit,
  fetch: SingleOrBulk,
  { riderId, at }: Click,
  withdrawn: AbortSignal,
): Script {
  const end = yield* call({
    endpoint: 'riders_single',
    lane: addLane,
    deadline: fetch.state.deadline,
    requestedAt: at,
    attempts: Number.POSITIVE_INFINITY,
    signal: withdrawn,
    onWaiting(estimate) {
      if (!withdrawn.aborted) fetch.dispatch({ type: 'single estimate', estimate });
    },
    choose: () =>
      store.isStoredSince(riderId, at) || withdrawn.aborted || !fetch.canSend() ? undefined : String(riderId),
  });
  if (fetch.state.stage === 'ended') return;
  if (end.outcome === 'answered') store.storeRider(riderId, agenda.now());
  if (store.isStoredSince(riderId, at)) fetch.dispatch({ type: 'ended', end: { outcome: 'stored' } });
  else if (withdrawn.aborted) return;
  else if (end.outcome === 'refused') fetch.dispatch({ type: 'single refused', earliest: end.earliest });
  else if (end.outcome === 'failed' && end.retryAfterMs !== undefined)
    fetch.dispatch({ type: 'single refused', earliest: agenda.now() + end.retryAfterMs });
  else fetch.dispatch({ type: 'ended', end: { outcome: 'failed', error: end } });
}
