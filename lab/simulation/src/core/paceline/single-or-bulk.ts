import { addLane } from '@paceline/rider-sync/core/batcher';
import { deadlineOf, leastWaitMs } from '@paceline/rider-sync/core/command';
import { leastPatienceMs, SingleOrBulk } from '@paceline/rider-sync/core/single-or-bulk';
import type { Life } from '../life.ts';
import type { Click } from '../scenario.ts';
import { waitFor, runScript, once, type Script } from '@paceline/kit/script';
import type { BulkCalls } from './batcher.ts';
import type { Caller } from './call.ts';

/** Fetches a rider by a GET or by the next bulk call, whichever has its permit first. */
export const addRider = (life: Life, call: Caller, bulk: BulkCalls) =>
  function* (click: Click): Script {
    const isStored = yield* waitFor<boolean>((wake) => fetchRider(life, call, bulk, click, once(wake)));
    if (isStored) life.tally.stored(click.riderId, life.agenda.now());
    else life.tally.refused(click.riderId);
  };

/** Does on the agenda what is decided for one rider. */
function fetchRider(
  life: Life,
  call: Caller,
  { batcher, listed }: BulkCalls,
  click: Click,
  ended: (isStored: boolean) => void,
): void {
  const { agenda, clock } = life;
  const { riderId } = click;
  const deadline = deadlineOf(agenda.now(), clock.fromMachine(leastWaitMs));
  let withdrawal = new AbortController();
  let watch = {};
  const requestSingle = () => {
    withdrawal = new AbortController();
    runScript(getRider(life, call, fetch, click, withdrawal.signal));
  };
  const fetch: SingleOrBulk = new SingleOrBulk(
    { riderId, lane: addLane, deadline },
    {
      now: () => agenda.now(),
      requestSingle() {
        // Once it was on a bulk call it is on the list no more.
        listed.add(riderId);
        requestSingle();
      },
      withdrawSingle: () => withdrawal.abort(),
      list() {
        listed.add(riderId);
        fetch.happened({ type: 'listed' });
        batcher.reconsider();
      },
      readOutcome: () => fetch.happened({ type: 'ended', end: { is: 'stored' } }),
      watchBulkCall({ overdueAt }) {
        const mine = (watch = {});
        agenda.in(overdueAt + clock.fromMachine(leastPatienceMs) - agenda.now(), () => {
          if (watch === mine) fetch.happened({ type: 'bulk overdue' });
        });
      },
      report: () => undefined,
      end({ end }) {
        listed.delete(riderId);
        withdrawal.abort();
        leave();
        ended(end.is === 'stored');
      },
    },
  );
  const leave = batcher.join(fetch);
  requestSingle();
}

function* getRider(
  { agenda, store }: Life,
  call: Caller,
  fetch: SingleOrBulk,
  { riderId, at }: Click,
  withdrawn: AbortSignal,
): Script {
  const got = yield* call({
    endpoint: 'riders_single',
    lane: addLane,
    deadline: fetch.state.deadline,
    requestedAt: at,
    attempts: Number.POSITIVE_INFINITY,
    signal: withdrawn,
    onWaiting(forecast) {
      if (!withdrawn.aborted) fetch.happened({ type: 'single forecast', forecast });
    },
    choose: () =>
      store.isStoredSince(riderId, at) || withdrawn.aborted || !fetch.maySend() ? undefined : String(riderId),
  });
  if (fetch.state.at === 'ended') return;
  if (got.is === 'answered') store.storeRider(riderId, agenda.now());
  if (store.isStoredSince(riderId, at)) fetch.happened({ type: 'ended', end: { is: 'stored' } });
  else if (withdrawn.aborted) return;
  else if (got.is === 'refused') fetch.happened({ type: 'single refused', earliest: got.earliest });
  else if (got.is === 'failed' && got.retryAfterMs !== undefined)
    fetch.happened({ type: 'single refused', earliest: agenda.now() + got.retryAfterMs });
  else fetch.happened({ type: 'ended', end: { is: 'failed', error: got } });
}
