import { PermitRefused } from '@paceline/shared/limiter';
import {
  answered,
  callUpstream,
  type Flow,
  type PlanRun,
  type RunRow,
  type RunWork,
  saveProgress,
  SourceUnavailable,
  type Sync,
  type Transaction,
} from '@paceline/shared/sync';
import { inSpan } from '@paceline/shared/telemetry';
import { fullPage, riderIdsOf, UpstreamError } from '@paceline/shared/zwiftracing';
import { storeMembers, storeWholeClub } from '../adapters/clubs.ts';
import { storeRiders } from '../adapters/riders.ts';
import {
  beginRun,
  callFailed,
  type ClubRun,
  countsOf,
  endRun,
  endUnavailable,
  othersStored,
  pageStored,
} from '../core/club-run.ts';
import { afterPage, type Pass } from '../core/pass.ts';
import type { RiderSync } from '../config.ts';
import { refreshOutsiders } from '../refresh-outsiders.ts';

export const flow = (sync: RiderSync): Flow => ({ run: syncRiders(sync), plan: planRiders(sync.clubIds) });

/** A run over the clubs, and how to move it on: one step after the other, stored with what it stands for. */
interface Progress {
  run: ClubRun;
  advance(change: (run: ClubRun) => ClubRun, write?: (tx: Transaction) => Promise<void>): Promise<void>;
}

/**
 * Pages through the clubs for as long as the slot has room for calls. Riders outside the clubs are refreshed beside it,
 * by bulk calls: neither waits for the other.
 */
const syncRiders =
  ({ batcher, clubIds, ...sync }: RiderSync): RunWork =>
  async (row) => {
    const progress = progressOf(sync, row, clubIds);
    const stored = (riders: number) => progress.advance((run) => othersStored(run, riders));
    const parts = await Promise.allSettled([
      syncClubs(sync, row, progress),
      refreshOutsiders(sync, batcher, clubIds, row, stored),
    ]);
    for (const part of parts) {
      if (part.status === 'fulfilled') continue;
      if (part.reason instanceof SourceUnavailable) return endUnavailable(progress.run, part.reason.message);
      throw part.reason;
    }
    return endRun(progress.run);
  };

/** What a run would page through. */
const planRiders =
  (clubIds: readonly number[]): PlanRun =>
  async ({ runId, checkpoint }) => ({
    endpoint: 'clubs',
    worth: beginRun(runId, clubIds, checkpoint).todo.length,
  });

function progressOf(sync: Sync, { runId, checkpoint }: RunRow, clubIds: readonly number[]): Progress {
  let before = Promise.resolve();
  const progress: Progress = {
    run: beginRun(runId, clubIds, checkpoint),
    advance(change, write = async () => {}) {
      const saved = before.then(async () => {
        const run = change(progress.run);
        await saveProgress(sync, runId, { counts: countsOf(run), checkpoint: run }, write);
        progress.run = run;
      });
      before = saved.catch(() => undefined);
      return saved;
    },
  };
  return progress;
}

async function syncClubs(sync: Sync, row: RunRow, progress: Progress): Promise<void> {
  for (;;) {
    const { todo, stopped } = progress.run;
    const [current] = todo;
    if (!current || stopped) return;
    try {
      await inSpan('sync club page', {}, () => syncPage(sync, row, current, progress));
    } catch (error) {
      if (error instanceof SourceUnavailable) throw error;
      // The slot ends before a call is free.
      if (error instanceof PermitRefused) return;
      if (!(error instanceof UpstreamError)) throw error;
      const { clubId } = current;
      sync.log.warn({ err: error, clubId, runId: row.runId }, 'a page of a club could not be fetched');
      await progress.advance((run) => callFailed(run, error.code, error.message));
    }
  }
}

async function syncPage(
  sync: Sync,
  { runId, slotId, slotEndsAt }: RunRow,
  current: Pass,
  progress: Progress,
): Promise<void> {
  const { clubId, from } = current;
  let askedAt = 0;
  const page = await callUpstream(sync, {
    endpoint: 'clubs',
    lane: 'rider_sync',
    deadline: slotEndsAt,
    slotId,
    owner: { runId },
    choose: async () => {
      askedAt = Math.round(sync.clock.now());
      return {
        target: from === null ? `${clubId}` : `${clubId} from rider ${from}`,
        send: (permit) => sync.upstream.getClub(permit, clubId, from ?? undefined),
        outcome: ({ riders, skipped }) => answered(`${riders.length} riders`, skipped),
      };
    },
  });
  const skippedIds = riderIdsOf(page.skipped);
  const ids = [...page.riders.map(({ rider }) => rider.riderId), ...skippedIds];
  const after = afterPage(current, { length: page.length, ids, askedAt }, fullPage);
  await progress.advance(
    (run) => pageStored(run, after, page.riders.length),
    async (tx) => {
      const now = Math.round(sync.clock.now());
      await storeRiders(tx, page.riders, now);
      await storeMembers(tx, clubId, page.riders, skippedIds, now);
      if (after.at === 'end') await storeWholeClub(tx, page.name, after.pass, now);
    },
  );
}
