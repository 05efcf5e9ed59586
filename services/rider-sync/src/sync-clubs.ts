import { PermitRefused } from '@paceline/shared/limiter';
import {
  answered,
  callUpstream,
  type RunRow,
  type RunWork,
  saveProgress,
  SourceUnavailable,
  type Sync,
} from '@paceline/shared/sync';
import { inSpan } from '@paceline/shared/telemetry';
import { fullPage, riderIdsOf, UpstreamError } from '@paceline/shared/zwiftracing';
import { storeMembers, storeWholeClub } from './adapters/clubs.ts';
import { storeRiders } from './adapters/riders.ts';
import {
  beginRun,
  callFailed,
  type ClubRun,
  countsOf,
  endRun,
  endUnavailable,
  pageStored,
} from './core/club-run.ts';
import { afterPage, type Pass } from './core/pass.ts';

/** Pages through the clubs for as long as the slot has room for calls. */
export const syncClubs =
  (sync: Sync, clubIds: readonly number[]): RunWork =>
  async (row) => {
    let run = beginRun(row.runId, clubIds, row.checkpoint);
    for (let current = run.todo[0]; current && !run.stopped; current = run.todo[0]) {
      try {
        run = await inSpan('sync club page', {}, () => syncPage(sync, row, run, current));
      } catch (error) {
        if (error instanceof SourceUnavailable) return endUnavailable(run, error.message);
        // The slot ends before a call is free.
        if (error instanceof PermitRefused) break;
        if (!(error instanceof UpstreamError)) throw error;
        const { clubId } = current;
        sync.log.warn({ err: error, clubId, runId: row.runId }, 'a page of a club could not be fetched');
        run = callFailed(run, error.code, error.message);
        await saveProgress(sync, row.runId, { counts: countsOf(run), checkpoint: run }, async () => {});
      }
    }
    return endRun(run);
  };

async function syncPage(
  sync: Sync,
  { runId, slotId, slotEndsAt }: RunRow,
  run: ClubRun,
  current: Pass,
): Promise<ClubRun> {
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
  const next = pageStored(run, after, page.riders.length);
  await saveProgress(sync, runId, { counts: countsOf(next), checkpoint: next }, async (tx) => {
    const now = Math.round(sync.clock.now());
    await storeRiders(tx, page.riders, now);
    await storeMembers(tx, clubId, page.riders, skippedIds, now);
    if (after.at === 'end') await storeWholeClub(tx, page.name, after.pass, now);
  });
  return next;
}
