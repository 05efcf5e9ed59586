import type { Lane } from '@paceline/shared/definition';
import {
  fullCall,
  fillUpAge,
  gatherMs,
  mostUnderWay,
  mostUrgent,
  restMs,
  type Wish as BulkWish,
} from '@paceline/rider-sync/core/bulk';
import type { Waiting } from '@paceline/shared/limiter';
import type { Life } from '../life.ts';
import { live, type Script } from '../world/script.ts';
import type { Caller } from './call.ts';
import type { Run } from './runs.ts';

/** A bulk call has left, was answered or was lost. */
export interface Move {
  readonly stage: 'sent' | 'answered' | 'lost';
  readonly sentAt: number;
  readonly riderIds: readonly number[];
}

export type Wish = BulkWish<Run, Move>;

export interface Desk {
  join(wish: Wish): () => void;
  reconsider(): void;
  /** Puts a rider on the list of the next bulk call, or takes it off. */
  list(riderId: number): void;
  unlist(riderId: number): void;
}

interface WaitingAsk {
  readonly lane: Lane;
  readonly since: number;
  readonly abort: AbortController;
}

/** The bulk desk: one ask for all who want a bulk call, in the lane of the most urgent, as `desk.ts` does. */
export function openDesk({ agenda, store }: Life, call: Caller): Desk {
  const wishes = new Set<Wish>();
  const wanted = new Set<number>();
  let ask: WaitingAsk | undefined;
  let said: Waiting | undefined;
  let underWay = 0;
  let rests = 0;
  let gathering: 'no' | 'yes' | 'over' = 'no';

  const say = (waiting: Waiting | undefined) => {
    said = waiting;
    for (const wish of wishes) wish.waits?.(waiting);
  };

  function move(moved: Move): void {
    underWay += moved.stage === 'sent' ? 1 : -1;
    for (const wish of wishes) wish.moved(moved);
    if (moved.stage !== 'sent') rests = 0;
    reconsider();
  }

  function reconsider(): void {
    if (rests > 0) return;
    const lane = mostUrgent([...wishes].map((wish) => wish.lane()));
    if (lane === ask?.lane) return;
    if (lane === 'manual_rider_add' && !ask && gathering !== 'over') {
      if (gathering === 'no') gather();
      return;
    }
    gathering = 'no';
    const since = ask?.since ?? agenda.now();
    ask?.abort.abort();
    ask = undefined;
    if (lane !== undefined && underWay < mostUnderWay) {
      ask = { lane, since, abort: new AbortController() };
      live(begin(ask));
    } else say(undefined);
  }

  function gather(): void {
    gathering = 'yes';
    agenda.in(gatherMs, () => {
      gathering = 'over';
      reconsider();
    });
  }

  function load(slot: Run | undefined): number[] {
    const ids = [...wanted].slice(0, fullCall);
    if (ids.length === 0 && !slot) return [];
    const staleBefore = Math.max(agenda.now() - fillUpAge, slot?.scheduledFor ?? 0);
    const outsiders = store
      .outsiders(staleBefore)
      .filter((id) => !wanted.has(id))
      .slice(0, fullCall - ids.length);
    store.takeAlong(outsiders, agenda.now());
    for (const id of ids) wanted.delete(id);
    return [...ids, ...outsiders];
  }

  function* begin(mine: WaitingAsk): Script {
    const leaves = () => {
      if (ask !== mine) return;
      ask = undefined;
      say(undefined);
    };
    const slot = () => [...wishes].find((wish) => wish.slot)?.slot;
    const slotId = slot()?.slotId;
    let held: Move | undefined;
    const lose = () => {
      if (held) move({ ...held, stage: 'lost' });
      held = undefined;
    };
    const end = yield* call({
      endpoint: 'riders_bulk',
      lane: mine.lane,
      firstAskedAt: mine.since,
      signal: mine.abort.signal,
      ...(slotId === undefined ? {} : { slotId }),
      attempts: 1,
      onWaiting(waiting) {
        if (ask === mine) say(waiting);
      },
      choose() {
        lose();
        const riderIds = load(slot());
        if (riderIds.length === 0) return undefined;
        held = { stage: 'sent', sentAt: agenda.now(), riderIds };
        leaves();
        move(held);
        return `${riderIds.length} riders`;
      },
    });
    if (end.is === 'answered' && held) {
      for (const id of held.riderIds) store.storeRider(id, agenda.now());
      move({ ...held, stage: 'answered' });
    } else lose();
    if (end.is === 'not worth it') for (const wish of wishes) wish.idle?.();
    if (end.is !== 'answered' && !mine.abort.signal.aborted) rest();
    leaves();
    reconsider();
  }

  function rest(): void {
    rests = agenda.now() + restMs;
    const until = rests;
    agenda.in(restMs, () => {
      if (rests !== until) return;
      rests = 0;
      reconsider();
    });
  }

  return {
    join(wish) {
      wishes.add(wish);
      if (said) wish.waits?.(said);
      reconsider();
      return () => {
        wishes.delete(wish);
        reconsider();
      };
    },
    reconsider,
    list: (riderId) => void wanted.add(riderId),
    unlist: (riderId) => void wanted.delete(riderId),
  };
}
