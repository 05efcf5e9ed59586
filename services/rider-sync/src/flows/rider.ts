import type { BudgetName } from '@paceline/shared/definition';
import type { BulkCallChanged } from '@paceline/shared/contracts';
import { PermitRefused } from '@paceline/shared/limiter';
import { retryDuringOutage } from '@paceline/shared/database';
import {
  callOutcome,
  callUpstream,
  type Flow,
  judgeResponse,
  nowMs,
  type RunRow,
  type RunWork,
  saveProgress,
  showWait,
  SourceUnavailable,
  type Sync,
  type Transaction,
  type Verdict,
} from '@paceline/shared/sync';
import { activeSpan, inSpan, linksTo } from '@paceline/shared/telemetry';
import { fullPageSize, riderIdsOf, UpstreamError } from '@paceline/shared/zwiftracing';
import { count } from '@paceline/shared/words';
import { callTimeout } from '@paceline/shared/upstreams';
import { countOutsiders, findMembers, storeMembers, storeRiders, storeClubPass } from '../adapters/riders.ts';
import type { RiderSync } from '../config.ts';
import { minRefreshMs, refreshStart } from '../core/bulk-call.ts';
import {
  type AfterPage,
  afterPage,
  startRun,
  callFailed,
  type ClubRun,
  countsOf,
  endRun,
  endUnavailable,
  isReadable,
  outsidersStored,
  pageStored,
  type Pass,
} from '../core/club-run.ts';
import { importLane } from '../core/command.ts';

export const flow = (sync: RiderSync): Flow => ({
  run: syncRiders(sync),
  plan: async ({ runId, checkpoint }) => ({
    endpoint: 'clubs',
    candidates: startRun(runId, sync.clubIds, checkpoint).todo.length,
  }),
});

/** Pages through the clubs until the slot ends; meanwhile bulk calls refresh riders outside the clubs. */
const syncRiders =
  (sync: RiderSync): RunWork =>
  async (row) => {
    if (!isReadable(row.checkpoint))
      sync.log.error(
        { runId: row.runId },
        'checkpoint unreadable, starting with the first page of each club',
      );
    const tracked = trackRun(sync, row);
    const onStored = (riders: number) => tracked.advance((run) => outsidersStored(run, riders));
    const parts = await Promise.allSettled([
      syncClubs(sync, row, tracked),
      refreshOutsiders(sync, row, tracked, onStored),
    ]);
    for (const part of parts) {
      if (part.status === 'fulfilled') continue;
      if (part.reason instanceof SourceUnavailable) return endUnavailable(tracked.run, part.reason.message);
      throw part.reason;
    }
    return endRun(tracked.run);
  };

type TrackedRun = ReturnType<typeof trackRun>;

/** Shorter waits are not shown, project ms. */
const shownWaitMs = 60_000;

/** The state of a run. `waitFor` shows when its next call is expected, undefined: none waits. `advance` applies one step at a time and stores it with its data in one transaction. */
function trackRun(sync: RiderSync, { runId, checkpoint }: RunRow) {
  let previous = Promise.resolve();
  const waits = new Map<BudgetName, number>();
  let shown: number | undefined;
  const tracked = {
    run: startRun(runId, sync.clubIds, checkpoint),
    waitFor(budget: 'clubs' | 'riders_bulk', until: number | undefined) {
      if (until === undefined || until - sync.clock.now() < shownWaitMs) waits.delete(budget);
      else waits.set(budget, Math.round(until));
      const [next] = [...waits].toSorted(([, one], [, other]) => one - other);
      if (next === undefined ? shown === undefined : Math.abs(next[1] - (shown ?? 0)) < shownWaitMs) return;
      shown = next?.[1];
      const waitingFor = next ? { budget: next[0], until: next[1] } : null;
      previous = previous.then(() => showWait(sync, runId, waitingFor));
    },
    advance(change: (run: ClubRun) => ClubRun, write: (tx: Transaction) => Promise<void> = async () => {}) {
      const saved = previous.then(async () => {
        const run = change(tracked.run);
        await saveProgress(sync, runId, { counts: countsOf(run), checkpoint: run }, write);
        tracked.run = run;
      });
      previous = saved.catch(() => undefined);
      return saved;
    },
  };
  return tracked;
}

async function syncClubs(sync: Sync, row: RunRow, tracked: TrackedRun): Promise<void> {
  for (;;) {
    const { todo, stopped } = tracked.run;
    const [current] = todo;
    if (!current || stopped) return;
    try {
      await inSpan('sync club page', {}, () => syncPage(sync, row, current, tracked));
    } catch (error) {
      tracked.waitFor('clubs', undefined);
      if (error instanceof SourceUnavailable) throw error;
      // No call is possible before the slot ends.
      if (error instanceof PermitRefused) return;
      if (!(error instanceof UpstreamError)) throw error;
      const { clubId } = current;
      sync.log.warn({ err: error, clubId, runId: row.runId }, 'club page call failed');
      await tracked.advance((run) => callFailed(run, error.code, error.message));
    }
  }
}

async function syncPage(
  sync: Sync,
  { runId, slotId, slotEndsAt }: RunRow,
  current: Pass,
  tracked: TrackedRun,
): Promise<void> {
  const { clubId, from } = current;
  let requestedAt = 0;
  const page = await callUpstream(sync, {
    endpoint: 'clubs',
    lane: 'rider_sync',
    deadline: slotEndsAt,
    slotId,
    owner: { runId },
    onWaiting: ({ estimatedAt }) => tracked.waitFor('clubs', estimatedAt),
    choose: async () => {
      tracked.waitFor('clubs', undefined);
      requestedAt = nowMs(sync);
      return {
        target: from === null ? `${clubId}` : `${clubId} from rider ${from}`,
        send: (permit) => sync.upstream.getClub(permit, clubId, from ?? undefined),
        outcome: ({ riders, skipped }) => callOutcome(count(riders.length, 'rider'), skipped),
      };
    },
  });
  const skippedIds = riderIdsOf(page.skipped);
  const ids = [...page.riders.map(({ rider }) => rider.riderId), ...skippedIds];
  const members = await retryDuringOutage(sync, () => findMembers(sync.db, clubId));
  const after = afterPage(current, { length: page.length, ids, requestedAt, members }, fullPageSize);
  const verdict = await verdictOnPass(sync, after);
  if (verdict.is === 'doubted')
    sync.log.warn({ clubId, runId, ...verdict }, 'club response lacks most members');
  await tracked.advance(
    (run) => pageStored(run, after, page.riders.length, verdict.is === 'doubted'),
    async (tx) => {
      const now = nowMs(sync);
      await storeRiders(tx, page.riders, now);
      await storeMembers(tx, clubId, page.riders, skippedIds, now);
      if (after.next === 'end') await storeClubPass(tx, page.name, after.pass, verdict, now);
    },
  );
}

/** Whether riders who are on no page of a pass are removed; only a complete pass that sees all can be doubted. */
async function verdictOnPass(sync: Sync, after: AfterPage): Promise<Verdict> {
  if (after.next !== 'end') return { is: 'believed', missingSince: 0 };
  const { clubId, startedAt, seesAll, hasCollapsed } = after.pass;
  return retryDuringOutage(sync, () =>
    judgeResponse(sync.db, `club:${clubId}`, seesAll && hasCollapsed, startedAt),
  );
}

/**
 * Refreshes riders outside the clubs that were not fetched since the slot opened, oldest first. They fill up other bulk
 * calls; calls of their own are requested only late in the slot.
 * @param onStored called with the number of riders that each bulk call has returned
 */
async function refreshOutsiders(
  sync: RiderSync,
  slot: RunRow,
  { waitFor }: TrackedRun,
  onStored: (riders: number) => Promise<void>,
): Promise<void> {
  const { batcher, clubIds } = sync;
  const { riders_bulk: endpoint } = sync.definition.endpoints;
  const { scheduledFor: staleBefore, slotEndsAt } = slot;
  const countStale = () => retryDuringOutage(sync, () => countOutsiders(sync.db, { clubIds, staleBefore }));
  const stale = await countStale();
  if (stale === 0) return;

  const span = activeSpan();
  const ended = Promise.withResolvers<void>();
  const inFlight = new Set<string>();
  const from = refreshStart(slot, stale, endpoint.batch, sync.clock.toProjectMs(minRefreshMs));
  waitFor('riders_bulk', from);
  let isOver = false;
  const update = async (outsiders: number, call?: string) => {
    if (outsiders > 0) await onStored(outsiders);
    // Removed after storing, so that no concurrent update ends the refresh too early.
    if (call !== undefined) inFlight.delete(call);
    if (inFlight.size === 0 && (isOver || (await countStale()) === 0)) ended.resolve();
  };
  const waiting = new AbortController();
  const signal = AbortSignal.any([sync.signal, waiting.signal]);
  const followSlot = async () => {
    await sync.clock.sleep(from - sync.clock.now(), signal);
    batcher.reconsider();
    await sync.clock.sleep(slotEndsAt - sync.clock.now(), signal);
    isOver = true;
    await update(0);
    // Waits for calls in flight, but not forever: their process may have died.
    await sync.clock.sleep(callTimeout(endpoint, sync.clock), signal);
    ended.resolve();
  };
  const leave = batcher.join({
    // The lane of imports, because they share bulk calls.
    lane: () => (isOver || sync.clock.now() < from ? undefined : importLane),
    run: slot,
    estimate: (estimate) => waitFor('riders_bulk', estimate?.estimatedAt ?? from),
    unused: () => void update(0).catch(ended.reject),
    callChanged({ call, stage, outsiders, trace }: BulkCallChanged) {
      if (stage !== 'sent') update(outsiders, call).catch(ended.reject);
      else if (outsiders > 0) {
        inFlight.add(call);
        span?.addLinks(linksTo(trace));
      }
    },
  });
  followSlot().catch(ended.reject);
  await ended.promise.finally(() => {
    waitFor('riders_bulk', undefined);
    waiting.abort(new Error('slot over or all riders refreshed'));
    leave();
  });
  const deferred = await countStale();
  if (deferred > 0) sync.log.info({ riders: deferred }, 'riders outside the clubs deferred to the next slot');
}
