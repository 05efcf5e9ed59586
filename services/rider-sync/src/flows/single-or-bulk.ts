import { AsyncLocalStorage } from 'node:async_hooks';
import type { BulkMoved, Progress } from '@paceline/shared/contracts';
import type { Lane } from '@paceline/shared/definition';
import { PermitRefused, type Waiting } from '@paceline/shared/limiter';
import { answered, callUpstream, plainError, type Sync, throughOutages } from '@paceline/shared/sync';
import { activeSpan, linksTo } from '@paceline/shared/telemetry';
import { type RiderItem, UpstreamError } from '@paceline/shared/zwiftracing';
import { beginCall, endWanted, findOutcome, wantRider } from '../adapters/commands.ts';
import { isStoredSince, storeRiders } from '../adapters/riders.ts';
import { NotInAnswer, reasonOf } from '../core/command.ts';
import {
  decide,
  type FetchEffect,
  type FetchEnd,
  type FetchEvent,
  newFetch,
  type RiderFetch,
  wantsBulk,
} from '../core/single-or-bulk.ts';
import type { Batcher } from './batcher.ts';

export type ReportProgress = (progress: Progress) => void;

/** A rider that a command wants now. Moments are project ms. */
export interface RiderRequest {
  readonly commandId: string;
  readonly riderId: number;
  readonly why: 'add' | 'import';
  /** A copy that was fetched at this moment or later will do. */
  readonly freshFrom: number;
  readonly since: number;
  readonly lane: Lane;
  /** No permit is waited for after this moment. */
  readonly deadline: number;
  /** How often a GET that fails for a passing reason is made at most. */
  readonly attempts: number;
}

/** Real ms: a bulk call is not overdue before the machine had this long beyond it. */
const leastPatienceMs = 2_000;

/**
 * Fetches a rider by a GET or by the next bulk call, whichever has its permit first, and stores it.
 * @throws {PermitRefused} when neither can go by the deadline; {NotInAnswer} when a bulk answer brought no such rider;
 *   {CommandCancelled} when the command was cancelled; as `callUpstream` for the GET
 */
export async function fetchSingleOrBulk(
  sync: Sync,
  batcher: Batcher,
  request: RiderRequest,
  report: ReportProgress,
): Promise<void> {
  const { commandId, riderId, why } = request;
  const known = await throughOutages(sync, () => findOutcome(sync.db, commandId, riderId));
  if (known?.outcome === 'done') return;
  if (known) throw new NotInAnswer(known.reason ?? 'no reason given');

  const fetch = new SingleOrBulk(sync, batcher, request, report);
  const leave = batcher.join(fetch);
  const stop = () => fetch.fail(sync.signal.reason);
  if (sync.signal.aborted) stop();
  sync.signal.addEventListener('abort', stop, { once: true });
  try {
    await fetch.stored();
  } catch (error) {
    // An import's riders are wanted from its beginning, an add's once a bulk call may take it.
    if (!sync.signal.aborted && (why === 'import' || fetch.isListed)) {
      const now = Math.round(sync.clock.now());
      const reason = reasonOf(plainError(error), riderId, now);
      const failed = { riderId, outcome: 'failed', reason } as const;
      await throughOutages(sync, () => endWanted(sync.db, [failed], now, now, commandId));
    }
    throw error;
  } finally {
    sync.signal.removeEventListener('abort', stop);
    leave();
  }
}

/** Does what `core/single-or-bulk.ts` decides, as a member of the batcher. */
class SingleOrBulk {
  readonly #sync: Sync;
  readonly #batcher: Batcher;
  readonly #request: RiderRequest;
  readonly #report: ReportProgress;
  readonly #ended = Promise.withResolvers<void>();
  readonly #span = activeSpan();
  /** A GET belongs to the trace of the command, whatever has led to it. */
  readonly #inCommand = AsyncLocalStorage.snapshot();
  #state: RiderFetch;
  /** Ends the wait for the permit of a GET. */
  #withdrawal = new AbortController();
  /** Ends the watch over the bulk call that the rider is on. */
  #watch = new AbortController();

  constructor(sync: Sync, batcher: Batcher, request: RiderRequest, report: ReportProgress) {
    this.#sync = sync;
    this.#batcher = batcher;
    this.#request = request;
    this.#report = report;
    this.#state = newFetch(request.deadline);
  }

  /** Settles when the rider is stored, or with the reason why not. */
  stored(): Promise<void> {
    void this.#requestSingle();
    return this.#ended.promise;
  }

  fail(error: unknown): void {
    this.#dispatch({ type: 'ended', end: { is: 'failed', error } });
  }

  get isListed(): boolean {
    return this.#state.listed !== 'no';
  }

  lane(): Lane | undefined {
    return wantsBulk(this.#state) ? this.#request.lane : undefined;
  }

  forecast(forecast: Waiting | undefined): void {
    this.#dispatch({ type: 'bulk forecast', forecast });
  }

  moved({ stage, riderIds, sentAt, trace }: BulkMoved): void {
    const aboard = riderIds.includes(this.#request.riderId);
    if (aboard && stage === 'sent') this.#span?.addLinks(linksTo(trace));
    if (stage === 'sent') this.#dispatch({ type: 'bulk sent', aboard, sentAt });
    else if (aboard) this.#dispatch({ type: `bulk ${stage}` });
  }

  #dispatch(event: FetchEvent): void {
    const { state, effects } = decide(this.#state, event, this.#now());
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: FetchEffect): void {
    switch (effect.type) {
      case 'request single':
        void this.#inCommand(() => this.#requestSingle());
        break;
      case 'withdraw single':
        this.#withdrawal.abort(new Error('a bulk call has taken the rider'));
        break;
      case 'list':
        this.#list().catch((error: unknown) => this.fail(error));
        break;
      case 'read outcome':
        this.#readOutcome().catch((error: unknown) => this.fail(error));
        break;
      case 'report':
        this.#report(effect.progress);
        break;
      case 'watch bulk call':
        this.#watchBulkCall(effect.overdueAt);
        break;
      case 'end':
        this.#end(effect.end);
    }
  }

  async #requestSingle(): Promise<void> {
    this.#withdrawal = new AbortController();
    const withdrawn = this.#withdrawal.signal;
    try {
      await this.#getRider(withdrawn);
    } catch (error) {
      if (withdrawn.aborted) return;
      const earliest = earliestOf(error, this.#now());
      if (earliest === undefined) this.fail(error);
      else this.#dispatch({ type: 'single refused', earliest });
    }
  }

  async #getRider(withdrawn: AbortSignal): Promise<void> {
    const sync = this.#sync;
    const { commandId, riderId, lane, deadline, since, attempts } = this.#request;
    let isFresh = false;
    const item = await callUpstream(
      { ...sync, signal: AbortSignal.any([sync.signal, withdrawn]) },
      {
        endpoint: 'riders_single',
        lane,
        ...(Number.isFinite(deadline) && { deadline }),
        firstAskedAt: since,
        owner: { commandId },
        attempts,
        onWaiting: (forecast) => {
          if (!withdrawn.aborted) this.#dispatch({ type: 'single forecast', forecast });
        },
        choose: async () => {
          isFresh = await this.#isFresh();
          if (isFresh || !(await this.#mayCall(withdrawn))) return undefined;
          return {
            target: String(riderId),
            send: (permit) =>
              sync.upstream.getRider(permit, riderId).catch((error: unknown) => {
                this.#dispatch({ type: 'single lost' });
                throw error;
              }),
            outcome: ({ rider }) => answered(rider.name),
          };
        },
      },
    );
    // Neither: the permit came when a bulk call had taken the rider.
    if (item || isFresh) await this.#store(item);
  }

  #isFresh(): Promise<boolean> {
    const { riderId, freshFrom } = this.#request;
    return throughOutages(this.#sync, () => isStoredSince(this.#sync.db, riderId, freshFrom));
  }

  async #mayCall(withdrawn: AbortSignal): Promise<boolean> {
    const { why, commandId } = this.#request;
    if (why === 'add')
      await throughOutages(this.#sync, () => beginCall(this.#sync.db, commandId, this.#now()));
    if (withdrawn.aborted) return false;
    this.#dispatch({ type: 'single permitted' });
    return this.#state.at === 'single call';
  }

  /** @param item undefined: it is stored already, which ends it for this command only */
  async #store(item: RiderItem | undefined): Promise<void> {
    const { commandId, riderId } = this.#request;
    const done = { riderId, outcome: 'done', reason: null } as const;
    const now = this.#now();
    await throughOutages(this.#sync, () =>
      this.#sync.db.transaction(async (tx) => {
        if (item) await storeRiders(tx, [item], now);
        await endWanted(tx, [done], now, now, item ? undefined : commandId);
      }),
    );
    this.#dispatch({ type: 'ended', end: { is: 'stored' } });
  }

  async #list(): Promise<void> {
    await throughOutages(this.#sync, () => wantRider(this.#sync.db, this.#request));
    this.#dispatch({ type: 'listed' });
    this.#batcher.reconsider();
  }

  async #readOutcome(): Promise<void> {
    const { commandId, riderId } = this.#request;
    const found = await throughOutages(this.#sync, () => findOutcome(this.#sync.db, commandId, riderId));
    if (found?.outcome === 'done') this.#dispatch({ type: 'ended', end: { is: 'stored' } });
    if (found?.outcome === 'failed') this.fail(new NotInAnswer(found.reason ?? 'no reason given'));
  }

  #watchBulkCall(overdueAt: number): void {
    const { clock } = this.#sync;
    this.#watch.abort();
    this.#watch = new AbortController();
    clock.sleep(overdueAt + clock.fromMachine(leastPatienceMs) - this.#now(), this.#watch.signal).then(
      () => this.#dispatch({ type: 'bulk overdue' }),
      () => undefined,
    );
  }

  #end(how: FetchEnd): void {
    this.#withdrawal.abort(new Error('the rider is there, or will not be'));
    this.#watch.abort();
    if (how.is === 'stored') this.#ended.resolve();
    else
      this.#ended.reject(how.is === 'refused' ? new PermitRefused('riders_single', how.earliest) : how.error);
  }

  #now(): number {
    return Math.round(this.#sync.clock.now());
  }
}

/** When a GET that can't go in time could; undefined: it has failed for another reason. */
function earliestOf(error: unknown, now: number): number | undefined {
  if (error instanceof PermitRefused) return error.earliest;
  if (error instanceof UpstreamError && error.code === 'rate_limited' && error.retryAfterMs !== undefined)
    return now + error.retryAfterMs;
  return undefined;
}
