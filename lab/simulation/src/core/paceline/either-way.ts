import { decideWay, overdueFrom } from '@paceline/rider-sync/core/way';
import { deadlineOf } from '@paceline/rider-sync/core/command';
import type { Waiting } from '@paceline/shared/limiter';
import type { Click, Life } from '../life.ts';
import { hear, live, once, type Script } from '../world/script.ts';
import type { Desk, Move } from './bulk-desk.ts';
import type { Caller } from './call.ts';

/** Real ms, as in `fetch-rider.ts`: on a fast clock the machine is still given so long to fetch a rider. */
const leastWaitMs = 5_000;

type End = 'stored' | 'refused';

/** Fetches a rider by a GET or by the next bulk call, whichever has its permit first, as `either-way.ts` does. */
export const addRider = (life: Life, call: Caller, desk: Desk) =>
  function* (click: Click): Script {
    const end = yield* hear<End>((wake) => fetchEitherWay(life, call, desk, click, once(wake)));
    if (end === 'stored') life.tally.stored(click.riderId, life.agenda.now());
    else life.tally.refused(click.riderId);
  };

function fetchEitherWay(
  { agenda, clock, store }: Life,
  call: Caller,
  desk: Desk,
  { riderId, at }: Click,
  ended: (end: End) => void,
): void {
  const lane = 'manual_rider_add';
  const deadline = deadlineOf(agenda.now(), clock.fromMachine(leastWaitMs));
  let single: Waiting | undefined;
  let singleRefused: number | undefined;
  let bulk: Waiting | undefined;
  let listed = false;
  let calling = false;
  let taken = false;
  let over = false;
  let stay = new AbortController();

  function end(how: End): void {
    over = true;
    desk.unlist(riderId);
    stay.abort();
    leave();
    ended(how);
  }

  function reconsider(): void {
    if (calling || over) return;
    const decision = decideWay({ single, singleRefused, bulk, taken, deadline }, agenda.now());
    if (decision.refuse !== undefined) end('refused');
    else if (decision.wantsBulk && !listed) {
      listed = true;
      desk.list(riderId);
      desk.reconsider();
    }
  }

  function moved({ stage, riderIds, sentAt }: Move): void {
    if (!riderIds.includes(riderId)) return;
    if (stage === 'sent' && !calling) take(sentAt);
    if (stage === 'lost') giveBack();
    if (stage === 'answered' && !over) end('stored');
  }

  function take(sentAt: number): void {
    taken = true;
    stay.abort();
    const mine = stay;
    const overdue = overdueFrom(sentAt) + clock.fromMachine(2_000) - agenda.now();
    agenda.in(overdue, () => {
      if (stay === mine) giveBack();
    });
    reconsider();
  }

  function giveBack(): void {
    if (over || (!taken && singleRefused === undefined)) return;
    [taken, single, singleRefused] = [false, undefined, undefined];
    desk.list(riderId);
    stay = new AbortController();
    live(bySingle(stay.signal));
  }

  function* bySingle(signal: AbortSignal): Script {
    const got = yield* call({
      endpoint: 'riders_single',
      lane,
      deadline,
      firstAskedAt: at,
      attempts: Number.POSITIVE_INFINITY,
      signal,
      onWaiting(waiting) {
        single = waiting;
        reconsider();
      },
      choose() {
        if (store.isStoredSince(riderId, at)) return undefined;
        calling = true;
        return String(riderId);
      },
    });
    calling = false;
    if (over) return;
    if (got.is === 'answered') store.storeRider(riderId, agenda.now());
    if (got.is === 'answered' || got.is === 'not worth it') end('stored');
    else if (signal.aborted) return;
    else if (got.is === 'refused') wait(got.earliest);
    else if (got.is === 'failed' && got.retryAfterMs !== undefined) wait(agenda.now() + got.retryAfterMs);
    else end('refused');
  }

  function wait(earliest: number): void {
    singleRefused = earliest;
    reconsider();
  }

  const leave = desk.join({
    lane: () => (listed && !taken && !calling ? lane : undefined),
    waits(waiting) {
      bulk = waiting;
      if (waiting) reconsider();
    },
    moved,
  });
  live(bySingle(stay.signal));
}
