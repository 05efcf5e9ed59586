import { AsyncLocalStorage } from 'node:async_hooks';
import { addAbortListener } from 'node:events';
import { type BulkCallChanged, isFinal, type Progress } from '@paceline/shared/contracts';
import type { Lane } from '@paceline/shared/definition';
import { PermitRefused } from '@paceline/shared/limiter';
import { plainError, retryDuringOutage } from '@paceline/shared/database';
import { callOutcome, callUpstream, nowMs } from '@paceline/shared/sync';
import { activeSpan, linksTo } from '@paceline/shared/telemetry';
import { UpstreamError } from '@paceline/shared/zwiftracing';
import { addWantedRider, findOutcome, findProgress, storeOutcomes } from '../adapters/commands.ts';
import type { RiderSync } from '../config.ts';
import type { BatcherMember } from '../core/batcher.ts';
import { CommandEnded, NotInResponse, reasonOf } from '../core/command.ts';
import { type FetchEnd, minOverdueMs, SingleOrBulk, typicalMsOf } from '../core/single-or-bulk.ts';
import type { SlotRun } from './bulk-call.ts';

export type ReportProgress = (progress: Progress) => void;

/** A rider that a command needs. Times are project ms. */
export interface RiderRequest {
  readonly commandId: string;
  readonly riderId: number;
  readonly why: 'add' | 'import';
  /** A copy fetched at this time or later is fresh enough. */
  readonly freshFrom: number;
  readonly since: number;
  readonly lane: Lane;
  /** Latest time for a permit. */
  readonly deadline: number;
  /** Maximum number of tries of the GET. */
  readonly attempts: number;
}

/**
 * Fetches a rider by a GET or by the next bulk call, whichever gets its permit first, and stores it.
 * @returns when the command ended, if its end was stored with the rider
 * @throws {PermitRefused} when neither is possible by the deadline; {NotInResponse} when a bulk response lacks the rider;
 *   {CommandEnded} when the command was cancelled; as `callUpstream` for the GET
 */
export async function fetchSingleOrBulk(
  sync: RiderSync,
  request: RiderRequest,
  report: ReportProgress,
): Promise<number | undefined> {
  const { commandId, riderId, why } = request;
  const fetcher = new RiderFetcher(sync, request, report);
  try {
    return await fetcher.run();
  } catch (error) {
    // Riders of imports always have a row; those of adds only once they were listed for bulk calls.
    if (!sync.signal.aborted && (why === 'import' || fetcher.isListed)) {
      const now = nowMs(sync);
      const reason = reasonOf(plainError(error), riderId, now);
      const failed = { riderId, outcome: 'failed', reason } as const;
      await retryDuringOutage(sync, () => storeOutcomes(sync.db, [failed], now, now, commandId));
    }
    throw error;
  }
}

/** Performs what `core/single-or-bulk.ts` decides. */
class RiderFetcher {
  readonly #sync: RiderSync;
  readonly #request: RiderRequest;
  readonly #fetch: SingleOrBulk;
  readonly #settled = Promise.withResolvers<void>();
  #endedAt: number | undefined;
  /** Ends the wait for the permit of a GET. */
  #withdrawal = new AbortController();
  /** Stops watching the bulk call that includes the rider. */
  #watch = new AbortController();

  constructor(sync: RiderSync, request: RiderRequest, report: ReportProgress) {
    this.#sync = sync;
    this.#request = request;
    // A GET belongs to the trace of the command, whatever event has led to it.
    const inCommand = AsyncLocalStorage.snapshot();
    const failed = (error: unknown) => this.#fail(error);
    this.#fetch = new SingleOrBulk(request, typicalMsOf(sync.definition.endpoints), {
      now: () => nowMs(sync),
      requestSingle: () => void inCommand(() => this.#requestSingle()),
      withdrawSingle: () => this.#withdrawal.abort(new Error('a bulk call includes the rider')),
      list: () => void this.#list().catch(failed),
      readOutcome: () => void this.#readOutcome().catch(failed),
      report: ({ progress }) => report(progress),
      watchBulkCall: ({ overdueAt }) => this.#watchBulkCall(overdueAt),
      end: ({ end }) => this.#end(end),
    });
  }

  get isListed(): boolean {
    return this.#fetch.state.listed !== 'no';
  }

  /** Resolves when the rider is stored, and to when the command ended with it; rejects with the reason why not. */
  async run(): Promise<number | undefined> {
    const { batcher, signal } = this.#sync;
    const leave = batcher.join(this.#member());
    using _ = addAbortListener(signal, () => this.#fail(signal.reason));
    if (!signal.aborted) void this.#requestSingle();
    await this.#settled.promise.finally(leave);
    return this.#endedAt;
  }

  /** The batcher member; links the span of the command to the bulk call that includes the rider. */
  #member(): BatcherMember<SlotRun, BulkCallChanged> {
    const span = activeSpan();
    const fetch = this.#fetch;
    return {
      lane: () => fetch.lane(),
      estimate: (estimate) => fetch.estimate(estimate),
      callChanged: (change) => {
        const { stage, riderIds, trace } = change;
        if (stage === 'sent' && riderIds.includes(this.#request.riderId)) span?.addLinks(linksTo(trace));
        fetch.callChanged(change);
      },
    };
  }

  async #requestSingle(): Promise<void> {
    this.#withdrawal = new AbortController();
    const withdrawn = this.#withdrawal.signal;
    try {
      await this.#getRider(withdrawn);
    } catch (error) {
      if (withdrawn.aborted) return;
      const earliest = earliestOf(error);
      if (earliest === undefined) this.#fail(error);
      else this.#fetch.dispatch({ type: 'single refused', earliest, ...refusalOf(error) });
    }
  }

  async #getRider(withdrawn: AbortSignal): Promise<void> {
    const sync = this.#sync;
    const { commandId, riderId, lane, deadline, since, attempts } = this.#request;
    let isNeeded = true;
    const item = await callUpstream(
      { ...sync, signal: AbortSignal.any([sync.signal, withdrawn]) },
      {
        endpoint: 'riders_single',
        lane,
        ...(Number.isFinite(deadline) && { deadline }),
        requestedAt: since,
        owner: { commandId },
        attempts,
        onWaiting: (estimate) => {
          if (!withdrawn.aborted) this.#fetch.dispatch({ type: 'single estimate', estimate });
        },
        choose: async () => {
          if (withdrawn.aborted || !this.#fetch.canSend()) return undefined;
          return {
            target: String(riderId),
            record: async (call) => {
              const { why, freshFrom } = this.#request;
              const needed = { ...call, commandId, riderId, why, freshFrom, requestedAt: since };
              const recording = await sync.riderCalls.record(needed);
              isNeeded = recording !== 'unneeded';
              return recording;
            },
            send: (permit) =>
              sync.upstream.getRider(permit, riderId).catch((error: unknown) => {
                this.#fetch.dispatch({ type: 'single lost' });
                throw error;
              }),
            outcome: ({ rider }) => callOutcome(rider.name || 'a rider without a name'),
            store: async (end, answer) => {
              const stored = await sync.riderCalls.store({ end, call: this.#request, item: answer });
              this.#endedAt = stored.endedAt;
              return stored.sourceIsAvailable;
            },
          };
        },
      },
    );
    // Without either, a bulk call already includes the rider.
    if (!isNeeded) await this.#withoutCall();
    else if (item) this.#fetch.dispatch({ type: 'ended', end: { outcome: 'stored' } });
  }

  /** The command has ended, or a copy that is fresh enough is stored: an outcome for this command only. */
  async #withoutCall(): Promise<void> {
    const { commandId, riderId, why } = this.#request;
    const { db } = this.#sync;
    await retryDuringOutage(this.#sync, async () => {
      const progress = why === 'add' ? await findProgress(db, commandId) : undefined;
      if (progress && isFinal(progress)) throw new CommandEnded(`the command ${commandId} has ended`);
      const now = nowMs(this.#sync);
      await storeOutcomes(db, [{ riderId, outcome: 'done', reason: null }], now, now, commandId);
    });
    this.#fetch.dispatch({ type: 'ended', end: { outcome: 'stored' } });
  }

  async #list(): Promise<void> {
    const isNew = await retryDuringOutage(this.#sync, () => addWantedRider(this.#sync.db, this.#request));
    this.#fetch.dispatch({ type: 'listed' });
    // Listed by an earlier delivery of the command: a bulk call may have answered it since.
    if (!isNew) await this.#readOutcome();
    this.#sync.batcher.reconsider();
  }

  async #readOutcome(): Promise<void> {
    const { commandId, riderId } = this.#request;
    const found = await retryDuringOutage(this.#sync, () => findOutcome(this.#sync.db, commandId, riderId));
    if (found?.outcome === 'done') this.#fetch.dispatch({ type: 'ended', end: { outcome: 'stored' } });
    if (found?.outcome === 'failed') this.#fail(new NotInResponse(found.reason ?? 'no reason given'));
  }

  #watchBulkCall(overdueAt: number): void {
    const { clock } = this.#sync;
    this.#watch.abort();
    this.#watch = new AbortController();
    clock.sleep(overdueAt + clock.toProjectMs(minOverdueMs) - clock.now(), this.#watch.signal).then(
      () => this.#fetch.dispatch({ type: 'bulk overdue' }),
      () => undefined,
    );
  }

  #fail(error: unknown): void {
    this.#fetch.dispatch({ type: 'ended', end: { outcome: 'failed', error } });
  }

  #end(how: FetchEnd): void {
    this.#withdrawal.abort(new Error('the fetch has ended'));
    this.#watch.abort();
    if (how.outcome === 'stored') this.#settled.resolve();
    else if (how.outcome === 'failed') this.#settled.reject(how.error);
    else
      this.#settled.reject(
        new PermitRefused('riders_single', how.earliest, how.reason, how.limiterAwaySince),
      );
  }
}

/** When the next GET is possible, by the limiter or upstream; undefined when neither names a time. */
function earliestOf(error: unknown): number | undefined {
  if (error instanceof PermitRefused) return error.earliest;
  return error instanceof UpstreamError ? error.retryAt : undefined;
}

const refusalOf = (error: unknown) =>
  error instanceof PermitRefused && { reason: error.reason, limiterAwaySince: error.limiterAwaySince };
