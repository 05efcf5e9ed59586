import { refreshFrom } from '@paceline/rider-sync/core/bulk-call';
import {
  afterPage,
  beginRun,
  callFailed,
  type ClubRun,
  endRun,
  othersStored,
  pageStored,
} from '@paceline/rider-sync/core/club-run';
import { importLane } from '@paceline/rider-sync/core/command';
import { fullPageSize } from '@paceline/shared/zwiftracing';
import type { Life } from '../life.ts';
import { waitFor, once, type Script } from '@paceline/kit/script';
import type { BulkCalls } from './batcher.ts';
import type { Caller } from './call.ts';
import type { Run, RunEnding } from './runs.ts';

interface OngoingRun {
  run: ClubRun;
}

/** Pages through the clubs and refreshes the riders outside them beside it, as `flows/rider.ts` does. */
export const syncRiders = (life: Life, call: Caller, batcher: BulkCalls['batcher']) =>
  function* (row: Run): Script<RunEnding> {
    const ongoing = { run: beginRun(row.runId, life.clubIds, row.checkpoint) };
    const others = refreshOutsiders(life, batcher, row, ongoing);
    yield* syncClubs(life, call, row, ongoing);
    yield* others;
    return endRun(ongoing.run);
  };

function* syncClubs({ agenda, store }: Life, call: Caller, row: Run, ongoing: OngoingRun): Script {
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
    if (end.is === 'failed') {
      ongoing.run = callFailed(ongoing.run, end.code, end.code);
      continue;
    }
    if (end.is !== 'answered') return;
    const ids = store.storePage(clubId, from, agenda.now());
    const after = afterPage(current, { length: ids.length, ids, requestedAt }, fullPageSize);
    ongoing.run = pageStored(ongoing.run, after, ids.length);
  }
}

/** Begins at once; the script that is returned waits for the end, as `flows/rider.ts` does. */
function refreshOutsiders(
  { agenda, store }: Life,
  batcher: BulkCalls['batcher'],
  slot: Run,
  ongoing: OngoingRun,
): Script<unknown> {
  const left = () => store.outsiders(slot.scheduledFor).length;
  const from = refreshFrom(slot.slotEndsAt, left(), 0);
  let over = left() === 0;
  let wake: (heard: unknown) => void = () => undefined;
  let leave: () => void = () => undefined;
  const end = () => {
    if (over) return;
    over = true;
    leave();
    wake(undefined);
  };
  const look = (outsiders: number) => {
    ongoing.run = othersStored(ongoing.run, outsiders);
    if (left() === 0) end();
  };
  if (!over) {
    leave = batcher.join({
      lane: () => (over || agenda.now() < from ? undefined : importLane),
      run: slot,
      unused: () => look(0),
      moved({ stage, riderIds }) {
        if (stage !== 'sent') look(stage === 'answered' ? riderIds.length : 0);
      },
    });
    agenda.in(from - agenda.now(), () => batcher.reconsider());
    agenda.in(slot.slotEndsAt - agenda.now(), end);
  }
  return waitFor<unknown>((heard) => {
    wake = once(heard);
    if (over) wake(undefined);
  });
}
