import { callTimeout } from '@paceline/shared/config';
import type { BulkCallChanged } from '@paceline/shared/contracts';
import { PermitRefused } from '@paceline/shared/limiter';
import {
  callOutcome,
  callUpstream,
  type Flow,
  nowMs,
  type RunRow,
  type RunWork,
  saveProgress,
  SourceUnavailable,
  type Sync,
  throughOutages,
  type Transaction,
} from '@paceline/shared/sync';
import { activeSpan, inSpan, linksTo } from '@paceline/shared/telemetry';
import { fullPageSize, riderIdsOf, UpstreamError } from '@paceline/shared/zwiftracing';
import { countOutsiders, storeMembers, storeRiders, storeWholeClub } from '../adapters/riders.ts';
import type { RiderSync } from '../config.ts';
import { refreshFrom } from '../core/bulk-call.ts';
import {
  afterPage,
  beginRun,
  callFailed,
  type ClubRun,
  countsOf,
  endRun,
  endUnavailable,
  othersStored,
  pageStored,
  type Pass,
} from '../core/club-run.ts';
import { importLane } from '../core/command.ts';

export const flow = (sync: RiderSync): Flow => ({
  run: syncRiders(sync),
  /** What a run would page through. */
  plan: async ({ runId, checkpoint }) => ({
    endpoint: 'clubs',
    candidates: beginRun(runId, sync.clubIds, checkpoint).todo.length,
  }),
});

/** Pages through the clubs while the slot lasts; beside it, bulk calls refresh riders outside them. */
const syncRiders =
  (sync: RiderSync): RunWork =>
  async (row) => {
    const ongoing = ongoingRun(sync, row);
    const stored = (riders: number) => ongoing.advance((run) => othersStored(run, riders));
    const parts = await Promise.allSettled([
      syncClubs(sync, row, ongoing),
      refreshOutsiders(sync, row, stored),
    ]);
    for (const part of parts) {
      if (part.status === 'fulfilled') continue;
      if (part.reason instanceof SourceUnavailable) return endUnavailable(ongoing.run, part.reason.message);
      throw part.reason;
    }
    return endRun(ongoing.run);
  };

type OngoingRun = ReturnType<typeof ongoingRun>;

/** A run over the clubs, and how to move it on: one step after the other, stored with what it stands for. */
function ongoingRun(sync: RiderSync, { runId, checkpoint }: RunRow) {
  let before = Promise.resolve();
  const ongoing = {
    run: beginRun(runId, sync.clubIds, checkpoint),
    advance(change: (run: ClubRun) => ClubRun, write: (tx: Transaction) => Promise<void> = async () => {}) {
      const saved = before.then(async () => {
        const run = change(ongoing.run);
        await saveProgress(sync, runId, { counts: countsOf(run), checkpoint: run }, write);
        ongoing.run = run;
      });
      before = saved.catch(() => undefined);
      return saved;
    },
  };
  return ongoing;
}

async function syncClubs(sync: Sync, row: RunRow, ongoing: OngoingRun): Promise<void> {
  for (;;) {
    const { todo, stopped } = ongoing.run;
    const [current] = todo;
    if (!current || stopped) return;
    try {
      await inSpan('sync club page', {}, () => syncPage(sync, row, current, ongoing));
    } catch (error) {
      if (error instanceof SourceUnavailable) throw error;
      // The slot ends before a call is free.
      if (error instanceof PermitRefused) return;
      if (!(error instanceof UpstreamError)) throw error;
      const { clubId } = current;
      sync.log.warn({ err: error, clubId, runId: row.runId }, 'failed to fetch a page of a club');
      await ongoing.advance((run) => callFailed(run, error.code, error.message));
    }
  }
}

async function syncPage(
  sync: Sync,
  { runId, slotId, slotEndsAt }: RunRow,
  current: Pass,
  ongoing: OngoingRun,
): Promise<void> {
  const { clubId, from } = current;
  let requestedAt = 0;
  const page = await callUpstream(sync, {
    endpoint: 'clubs',
    lane: 'rider_sync',
    deadline: slotEndsAt,
    slotId,
    owner: { runId },
    choose: async () => {
      requestedAt = nowMs(sync);
      return {
        target: from === null ? `${clubId}` : `${clubId} from rider ${from}`,
        send: (permit) => sync.upstream.getClub(permit, clubId, from ?? undefined),
        outcome: ({ riders, skipped }) => callOutcome(`${riders.length} riders`, skipped),
      };
    },
  });
  const skippedIds = riderIdsOf(page.skipped);
  const ids = [...page.riders.map(({ rider }) => rider.riderId), ...skippedIds];
  const after = afterPage(current, { length: page.length, ids, requestedAt }, fullPageSize);
  await ongoing.advance(
    (run) => pageStored(run, after, page.riders.length),
    async (tx) => {
      const now = nowMs(sync);
      await storeRiders(tx, page.riders, now);
      await storeMembers(tx, clubId, page.riders, skippedIds, now);
      if (after.at === 'end') await storeWholeClub(tx, page.name, after.pass, now);
    },
  );
}

/** Real ms: on a fast clock the machine still has so long for them. */
const leastMs = 5_000;

/**
 * Refreshes the riders that no page of a club brings: those not fetched since the slot opened, the oldest first. Calls of
 * their own are requested late in the slot only. @param stored is given how many of them each bulk call has brought
 */
async function refreshOutsiders(
  sync: RiderSync,
  slot: RunRow,
  stored: (riders: number) => Promise<void>,
): Promise<void> {
  const { batcher, clubIds } = sync;
  const { scheduledFor: staleBefore, slotEndsAt } = slot;
  const left = () => throughOutages(sync, () => countOutsiders(sync.db, { clubIds, staleBefore }));
  const atFirst = await left();
  if (atFirst === 0) return;

  const span = activeSpan();
  const ended = Promise.withResolvers<void>();
  const onTheWay = new Set<string>();
  const from = refreshFrom(slotEndsAt, atFirst, sync.clock.fromMachine(leastMs));
  let over = false;
  const look = async (outsiders: number, call?: string) => {
    if (outsiders > 0) await stored(outsiders);
    // Only now: until then no other look may find that all is done.
    if (call !== undefined) onTheWay.delete(call);
    if (onTheWay.size === 0 && (over || (await left()) === 0)) ended.resolve();
  };
  const waiting = new AbortController();
  const signal = AbortSignal.any([sync.signal, waiting.signal]);
  const slotEnds = async () => {
    await sync.clock.sleep(from - sync.clock.now(), signal);
    batcher.reconsider();
    await sync.clock.sleep(slotEndsAt - sync.clock.now(), signal);
    over = true;
    await look(0);
    // A call in flight is waited for, but not for ever: its process may have died.
    await sync.clock.sleep(callTimeout('riders_bulk', sync.clock), signal);
    ended.resolve();
  };
  const leave = batcher.join({
    // In the lane of imports: they share the calls.
    lane: () => (over || sync.clock.now() < from ? undefined : importLane),
    run: slot,
    unused: () => void look(0).catch(ended.reject),
    moved({ call, stage, outsiders, trace }: BulkCallChanged) {
      if (stage !== 'sent') look(outsiders, call).catch(ended.reject);
      else if (outsiders > 0) {
        onTheWay.add(call);
        span?.addLinks(linksTo(trace));
      }
    },
  });
  slotEnds().catch(ended.reject);
  await ended.promise.finally(() => {
    waiting.abort(new Error('the slot is over, or everybody is refreshed'));
    leave();
  });
  const later = await left();
  if (later > 0) sync.log.info({ riders: later }, 'riders outside the clubs deferred to the next slot');
}
