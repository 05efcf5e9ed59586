import type { Lane } from '@paceline/shared/definition';
import { type BulkMoved, catalog } from '@paceline/shared/contracts';
import { PermitRefused, type Waiting } from '@paceline/shared/limiter';
import { listen, signal } from '@paceline/shared/messaging';
import { plainError, type Sync } from '@paceline/shared/sync';
import { makeBulkCall, type Slot } from './bulk-call.ts';
import { gatherMs, mostUnderWay, mostUrgent, restMs, type Wish as BulkWish } from './core/bulk.ts';

export type Wish = BulkWish<Slot, BulkMoved>;

/**
 * The bulk desk of a process: one ask for all who want a bulk call, in the lane of the most urgent. Who is on the call
 * is decided when its permit is there, from the table of wanted riders, which all processes share.
 */
export interface Desk {
  /** Returns how to leave. */
  join(wish: Wish): () => void;
  /** What somebody wants has changed. */
  reconsider(): void;
}

/** Real ms: on a fast clock the machine is still given so long to hear of them. */
const leastGatherMs = 50;

interface WaitingAsk {
  readonly lane: Lane;
  readonly since: number;
  readonly abort: AbortController;
}

export function openDesk(sync: Sync, clubIds: readonly number[]): Desk {
  const wishes = new Set<Wish>();
  const ownCalls = new Set<string>();
  const inHand = new Set<number>();
  let ask: WaitingAsk | undefined;
  let said: Waiting | undefined;
  let underWay = 0;
  let resting: AbortController | undefined;
  let gathering: 'no' | 'yes' | 'over' = 'no';

  const hear = (move: BulkMoved) => {
    for (const wish of wishes) wish.moved(move);
    if (move.stage !== 'sent') resting?.abort();
    reconsider();
  };
  const say = (waiting: Waiting | undefined) => {
    said = waiting;
    for (const wish of wishes) wish.waits?.(waiting);
  };

  function reconsider(): void {
    if (sync.signal.aborted || resting) return;
    const lane = mostUrgent([...wishes].map((wish) => wish.lane()));
    if (lane === ask?.lane) return;
    // One that waits for its window gathers in any case.
    if (lane === 'manual_rider_add' && !ask && gathering !== 'over') {
      if (gathering === 'no') void gather();
      return;
    }
    gathering = 'no';
    const since = ask?.since ?? Math.round(sync.clock.now());
    ask?.abort.abort(new Error('nobody waits for this bulk call any more'));
    ask = undefined;
    if (lane !== undefined && underWay < mostUnderWay) begin({ lane, since, abort: new AbortController() });
    else say(undefined);
  }

  function begin(mine: WaitingAsk): void {
    ask = mine;
    const leaves = () => {
      if (ask !== mine) return;
      ask = undefined;
      say(undefined);
    };
    const call = makeBulkCall(sync, {
      lane: mine.lane,
      firstAskedAt: mine.since,
      signal: AbortSignal.any([sync.signal, mine.abort.signal]),
      clubIds,
      inHand,
      slot: () => [...wishes].find(({ slot }) => slot)?.slot,
      onWaiting(waiting) {
        if (ask === mine) say(waiting);
      },
      onMoved(move) {
        ownCalls.add(move.call);
        underWay += move.stage === 'sent' ? 1 : -1;
        if (move.stage === 'sent') leaves();
        signal(sync.bus, catalog.bulkMoved, {}, move);
        hear(move);
      },
    });
    call
      .then((called) => {
        if (called) return;
        void rest();
        for (const wish of wishes) wish.idle?.();
      })
      .catch((error: unknown) => {
        if (mine.abort.signal.aborted || sync.signal.aborted) return;
        sync.log.warn({ err: plainError(error) }, 'a bulk call has failed');
        leaves();
        if (error instanceof PermitRefused) say(closedUntil(error.earliest));
        void rest();
      })
      .finally(() => {
        leaves();
        reconsider();
      });
  }

  async function gather(): Promise<void> {
    gathering = 'yes';
    const least = sync.clock.fromMachine(leastGatherMs);
    await sync.clock.sleep(Math.max(gatherMs, least), sync.signal).catch(() => undefined);
    gathering = 'over';
    reconsider();
  }

  async function rest(): Promise<void> {
    if (resting) return;
    const mine = (resting = new AbortController());
    const either = AbortSignal.any([mine.signal, sync.signal]);
    await sync.clock.sleep(restMs, either).catch(() => undefined);
    resting = undefined;
    reconsider();
  }

  listen(sync.bus, catalog.bulkMoved, {}, (move) => {
    if (!ownCalls.has(move.call)) hear(move);
    else if (move.stage !== 'sent') ownCalls.delete(move.call);
  });
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
  };
}

/** What those are told whom upstream does not give riders at all just now. */
const closedUntil = (earliest: number): Waiting => ({
  answer: 'waiting',
  position: 1,
  ahead: 0,
  reason: 'paused_by_upstream',
  estimatedAt: earliest,
  askAgainIn: restMs,
});
