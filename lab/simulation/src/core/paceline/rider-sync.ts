import { minRefreshMs, refreshStart } from '@paceline/rider-sync/core/bulk-call';
import {
  afterPage,
  startRun,
  callFailed,
  type ClubRun,
  endRun,
  outsidersStored,
  pageStored,
} from '@paceline/rider-sync/core/club-run';
import { importLane } from '@paceline/rider-sync/core/command';
import { fullPageSize } from '@paceline/shared/zwiftracing';
import { callTimeout } from '@paceline/shared/upstreams';
import type { Simulation } from '../simulation.ts';
import { waitFor, type Script } from '@paceline/kit/script';
import type { BulkCalls } from './batcher.ts';
import type { CallWithPermit } from './call.ts';
import type { SimulatedRun, RunEnding } from './runs.ts';

interface OngoingRun {
  run: ClubRun;
}

/** Fetches clubs page by page and meanwhile refreshes riders outside them, as in `flows/rider.ts`. */
export const syncRiders = (simulation: Simulation, call: CallWithPermit, batcher: BulkCalls['batcher']) =>
  function* (row: SimulatedRun): Script<RunEnding> {
    const ongoing = { run: startRun(row.runId, simulation.clubIds, row.checkpoint) };
    const others = refreshOutsiders(simulation, batcher, row, ongoing);
    yield* syncClubs(simulation, call, row, ongoing);
    yield* others;
    return endRun(ongoing.run);
  };

function* syncClubs(
  { agenda, store }: Simulation,
  call: CallWithPermit,
  row: SimulatedRun,
  ongoing: OngoingRun,
): Script {
  for (;;) {
    const { todo, stopped } = ongoing.run;
    const [current] = todo;
    if (!current || stopped) return;
    const { clubId, from } = current;
    let requestedAt = 0;
    const end = yield* call({
      endpoint: 'clubs',
      lane: 'rider_sync',
      deadline: row.slotEndsAt,
      slotId: row.slotId,
      choose: () => {
        requestedAt = agenda.now();
        return `${clubId}/${from ?? 0}`;
      },
    });
    if (end.outcome === 'failed') {
      ongoing.run = callFailed(ongoing.run, end.code, end.code);
      continue;
    }
    if (end.outcome !== 'answered') return;
    const ids = store.storePage(clubId, from, agenda.now());
    const after = afterPage(current, { length: ids.length, ids, requestedAt, members: [] }, fullPageSize);
    ongoing.run = pageStored(ongoing.run, after, ids.length);
  }
}

/** Starts at once; the returned script waits for the end, as in `flows/rider.ts`. */
function refreshOutsiders(
  { scenario, agenda, clock, store }: Simulation,
  batcher: BulkCalls['batcher'],
  slot: SimulatedRun,
  ongoing: OngoingRun,
): Script<unknown> {
  const { riders_bulk: endpoint } = scenario.definition.endpoints;
  const remaining = () => store.outsiders(slot.scheduledFor).length;
  const stale = remaining();
  if (stale === 0) return waitFor<unknown>((wake) => wake(undefined));
  const from = refreshStart(slot, stale, endpoint.batch, clock.toProjectMs(minRefreshMs));
  const inFlight = new Set<number>();
  let isOver = false;
  let hasEnded = false;
  let wake: (value: unknown) => void = () => undefined;
  const end = () => {
    if (hasEnded) return;
    hasEnded = true;
    leave();
    wake(undefined);
  };
  const update = () => {
    if (inFlight.size === 0 && (isOver || remaining() === 0)) end();
  };
  const leave = batcher.join({
    lane: () => (isOver || agenda.now() < from ? undefined : importLane),
    run: slot,
    unused: update,
    callChanged({ call, stage, outsiders }) {
      if (stage === 'sent') {
        if (outsiders > 0) inFlight.add(call);
        return;
      }
      ongoing.run = outsidersStored(ongoing.run, outsiders);
      inFlight.delete(call);
      update();
    },
  });
  agenda.in(from - agenda.now(), () => batcher.reconsider());
  agenda.in(slot.slotEndsAt - agenda.now(), () => {
    isOver = true;
    update();
  });
  // Waits for calls in flight, but not forever.
  agenda.in(slot.slotEndsAt - agenda.now() + callTimeout(endpoint, clock), end);
  return waitFor<unknown>((resume) => {
    wake = resume;
    if (hasEnded) wake(undefined);
  });
}
