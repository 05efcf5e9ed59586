import type { BulkCallChanged, TraceContext } from '@paceline/shared/contracts';
import type { Lane } from '@paceline/shared/definition';
import type { Permit, Waiting } from '@paceline/shared/limiter';
import { plainError, retryDuringOutage } from '@paceline/shared/database';
import {
  callOutcome,
  callUpstream,
  type ChosenCall,
  nowMs,
  type RunRow,
  type Sync,
  type Transaction,
} from '@paceline/shared/sync';
import { currentTraceContext, inSpan, linksTo, type Span } from '@paceline/shared/telemetry';
import { type RidersResponse, UpstreamError } from '@paceline/shared/zwiftracing';
import { count } from '@paceline/shared/words';
import { callTimeout } from '@paceline/shared/upstreams';
import {
  endFreshRiders,
  storeOutcomes,
  type HeldTransaction,
  holdTransaction,
  type LockedRider,
  recordLostCall,
  lockWanted,
} from '../adapters/commands.ts';
import { findStored, releaseOutsiders, storeRiders, takeOutsiders } from '../adapters/riders.ts';
import { isDoubtful, maxLostAfter, minFillAgeMs, outcomesOf, targetOf } from '../core/bulk-call.ts';

/** The run of an open slot, which refreshes riders outside the clubs. */
export type SlotRun = Pick<RunRow, 'runId' | 'slotId' | 'scheduledFor' | 'traceparent'>;

export interface BulkRequest {
  readonly lane: Lane;
  /** Ends the wait for the permit; does not abort a call in flight. */
  readonly signal: AbortSignal;
  readonly requestedAt: number;
  readonly clubIds: readonly number[];
  /** Riders on calls of this process. */
  readonly inFlight: Set<number>;
  /** Read once the permit is granted. Without a run, no call is made just for riders outside the clubs. */
  run(): SlotRun | undefined;
  onWaiting(estimate: Waiting): void;
  onChanged(change: BulkCallChanged): void;
}

/** The riders of a call. */
interface LockedRiders {
  readonly wanted: readonly LockedRider[];
  readonly outsiders: readonly number[];
  readonly riderIds: readonly number[];
}

interface BulkCall {
  readonly id: string;
  readonly sync: Sync;
  readonly request: BulkRequest;
  readonly span: Span;
  readonly trace: TraceContext;
  /** Set while the call is in flight. */
  held?: HeldTransaction<LockedRiders>;
  sentAt: number;
}

/** Real ms beyond the longest call before Postgres releases the locked riders. */
const graceMs = 60_000;

/**
 * Waits for a permit and makes one bulk call for the riders wanted by then: adds, imports, and the oldest riders outside
 * the clubs in the remaining places. Stores all outcomes in one transaction; if the process dies, Postgres unlocks the
 * riders. The call has a trace of its own, linked both ways with the commands and the run that it serves.
 * @returns whether a call was made; without a rider to fetch, the permit is returned
 * @throws as `callUpstream`, after its riders have been released
 */
export const makeBulkCall = (sync: Sync, request: BulkRequest): Promise<boolean> =>
  inSpan('bulk call', { root: true }, async (span) => {
    const id = crypto.randomUUID();
    const call: BulkCall = { id, sync, request, span, trace: currentTraceContext(), sentAt: 0 };
    const { lane, signal, requestedAt, onWaiting } = request;
    const slotId = request.run()?.slotId;
    try {
      const answer = await callUpstream<'riders_bulk', RidersResponse>(
        { ...sync, signal },
        {
          endpoint: 'riders_bulk',
          lane,
          requestedAt,
          ...(slotId !== undefined && { slotId }),
          owner: {},
          attempts: 1,
          onWaiting,
          choose: () => chooseRiders(call),
        },
      );
      if (!answer || !call.held) return false;
      await storeResponse(call, call.held, answer);
      return true;
    } catch (error) {
      await releaseRiders(call, error);
      throw error;
    }
  });

/** Chooses the riders of the call, once it has a permit. */
async function chooseRiders(call: BulkCall): Promise<ChosenCall<'riders_bulk', RidersResponse> | undefined> {
  const { sync, request, span } = call;
  const held = await lockRiders(sync, request);
  const { wanted, outsiders, riderIds } = held.value;
  if (riderIds.length === 0) {
    await held.end(async () => {});
    return undefined;
  }
  call.held = held;
  call.sentAt = nowMs(sync);
  for (const id of riderIds) request.inFlight.add(id);
  notify(call, 'sent', held.value, outsiders.length);
  const [commandId, ...others] = new Set(wanted.map((each) => each.commandId));
  const run = request.run();
  const served = new Set([...wanted, ...(run ? [run] : [])].map(({ traceparent }) => traceparent));
  span.addLinks([...served].flatMap((traceparent) => (traceparent === null ? [] : linksTo({ traceparent }))));
  return {
    target: targetOf(riderIds.length - outsiders.length, outsiders.length),
    owner: {
      ...(run && { runId: run.runId }),
      ...(commandId !== undefined && others.length === 0 && { commandId }),
    },
    // Released here, not after the retry in a higher lane, so that another call can take the riders in between.
    send: (permit: Permit<'riders_bulk'>) =>
      sync.upstream.getRiders(permit, riderIds).catch(async (error: unknown) => {
        await releaseRiders(call, error);
        throw error;
      }),
    outcome: ({ riders, missing, skipped }) =>
      callOutcome(
        `${count(riders.length, 'rider')}${missing.length > 0 ? `, ${missing.length} unknown` : ''}`,
        skipped,
      ),
  };
}

async function lockRiders(
  sync: Sync,
  { clubIds, run, inFlight }: BulkRequest,
): Promise<HeldTransaction<LockedRiders>> {
  const now = nowMs(sync);
  await endFreshRiders(sync.db, now);
  const { riders_bulk: endpoint } = sync.definition.endpoints;
  const longest = sync.clock.toRealMs(callTimeout(endpoint, sync.clock)) + graceMs;
  return holdTransaction(sync.db, longest, async (tx) => {
    const wanted = await lockWanted(tx, endpoint.batch, inFlight);
    const ids = [...new Set(wanted.map(({ riderId }) => riderId))];
    const slotRun = run();
    if (ids.length === 0 && !slotRun) return { wanted, outsiders: [], riderIds: [] };
    const staleBefore = Math.max(now - minFillAgeMs, slotRun?.scheduledFor ?? 0);
    const outsiders = await takeOutsiders(
      sync.db,
      { clubIds, staleBefore },
      ids,
      endpoint.batch - ids.length,
      now,
    );
    return { wanted, outsiders, riderIds: [...ids, ...outsiders] };
  });
}

/** Stores a response. Calls are scarce (one per 15 min), so if the transaction is broken a new one stores it. */
async function storeResponse(
  call: BulkCall,
  held: HeldTransaction<LockedRiders>,
  answer: RidersResponse,
): Promise<void> {
  const { sync, sentAt } = call;
  const { riderIds, outsiders } = held.value;
  const requested = new Set(riderIds);
  const wanted = answer.riders.filter(({ rider }) => requested.has(rider.riderId));
  const now = nowMs(sync);
  const missing = new Set(answer.missing.length > 0 ? await doubtedIn(call, riderIds, answer) : []);
  const reason = `ZwiftRacing returned ${answer.riders.length} of ${count(riderIds.length, 'rider')}`;
  if (missing.size > 0)
    sync.log.warn({ requested: riderIds.length, missing: missing.size }, 'bulk response in doubt');
  const write = async (tx: Transaction) => {
    await storeRiders(tx, wanted, now);
    const outcomes = outcomesOf(riderIds, answer).filter(({ riderId }) => !missing.has(riderId));
    await storeOutcomes(tx, outcomes, sentAt, now);
    // Riders that are missing again and again fail then, with this reason.
    if (missing.size > 0) await recordLostCall(tx, [...missing], reason, maxLostAfter('in doubt'), now);
  };
  await held.end(write).catch(async (error: unknown) => {
    const err = plainError(error);
    sync.log.warn({ err }, 'bulk call transaction broken, storing the response in a new one');
    await retryDuringOutage(sync, () => sync.db.transaction(write));
  });
  delete call.held;
  const returned = new Set(answer.riders.map(({ rider }) => rider.riderId));
  notify(call, 'answered', held.value, outsiders.filter((id) => returned.has(id)).length);
}

/** The riders that a response lacks, if it is in doubt. */
async function doubtedIn({ sync }: BulkCall, riderIds: readonly number[], answer: RidersResponse) {
  const stored = await retryDuringOutage(sync, () => findStored(sync.db, riderIds));
  return isDoubtful(riderIds, stored, answer) ? answer.missing : [];
}

/** Makes the riders available to other calls. A broken transaction has done so already, but the lost call isn't counted. */
async function releaseRiders(call: BulkCall, error: unknown): Promise<void> {
  const { sync, held } = call;
  if (!held) return;
  delete call.held;
  const { wanted, outsiders } = held.value;
  const code = error instanceof UpstreamError ? error.code : undefined;
  const ids = wanted.map(({ riderId }) => riderId);
  const release = (tx: Transaction) =>
    code === undefined || code === 'rate_limited'
      ? releaseOutsiders(tx, outsiders)
      : recordLostCall(tx, ids, plainError(error).message, maxLostAfter(code), nowMs(sync));
  await held.end(release).catch((err: unknown) => sync.log.warn({ err }, 'failed to count a lost bulk call'));
  notify(call, 'lost', held.value, 0);
}

function notify(
  { id, request, sentAt, trace }: BulkCall,
  stage: BulkCallChanged['stage'],
  { wanted, riderIds }: LockedRiders,
  outsiders: number,
): void {
  if (stage !== 'sent') for (const riderId of riderIds) request.inFlight.delete(riderId);
  const imports = new Set(wanted.flatMap(({ why, commandId }) => (why === 'import' ? [commandId] : [])));
  request.onChanged({
    call: id,
    stage,
    sentAt,
    riderIds: [...riderIds],
    imports: [...imports],
    outsiders,
    trace,
  });
}
