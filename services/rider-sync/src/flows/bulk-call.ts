import { callTimeout } from '@paceline/shared/config';
import type { BulkCallChanged, TraceContext } from '@paceline/shared/contracts';
import type { Lane } from '@paceline/shared/definition';
import type { Permit, Waiting } from '@paceline/shared/limiter';
import {
  callOutcome,
  callUpstream,
  type ChosenCall,
  nowMs,
  plainError,
  type RunRow,
  type Sync,
  throughOutages,
  type Transaction,
} from '@paceline/shared/sync';
import { currentTraceContext, inSpan, linksTo, type Span } from '@paceline/shared/telemetry';
import { type RidersResponse, UpstreamError } from '@paceline/shared/zwiftracing';
import {
  endFresh,
  endWanted,
  type HeldTransaction,
  hold,
  type LockedRider,
  loseWanted,
  takeWanted,
} from '../adapters/commands.ts';
import { giveBackOutsiders, storeRiders, takeOutsiders } from '../adapters/riders.ts';
import { fillUpAge, fullCall, outcomesOf } from '../core/bulk-call.ts';

/** The run of a slot that is open, which refreshes riders outside the clubs. */
export type SlotRun = Pick<RunRow, 'runId' | 'slotId' | 'scheduledFor' | 'traceparent'>;

export interface BulkRequest {
  readonly lane: Lane;
  /** Ends the wait for the permit; a call that has left is not ended. */
  readonly signal: AbortSignal;
  readonly requestedAt: number;
  readonly clubIds: readonly number[];
  /** The riders on calls of this process. */
  readonly inHand: Set<number>;
  /** Read when the permit is there: without a run, no call is made for riders outside the clubs alone. */
  run(): SlotRun | undefined;
  onWaiting(forecast: Waiting): void;
  onMoved(move: BulkCallChanged): void;
}

/** Who is on a call. */
interface BulkLoad {
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
  /** From when it leaves until it is answered or lost. */
  held?: HeldTransaction<BulkLoad>;
  sentAt: number;
}

/** Real ms that the holder of a call's riders may be silent beyond the longest call. */
const graceMs = 60_000;

/** What fails for these reasons will fail the next time too. */
const lasting: ReadonlySet<string> = new Set(['unauthorized', 'not_found', 'rejected']);

/**
 * Waits for a permit and makes one bulk call for the riders that are wanted then: adds, imports, and with what room is
 * left the oldest riders outside the clubs. What becomes of each is stored in one transaction; a process that dies lets
 * go of them all. The call is a trace of its own, linked both ways with those of the commands and of the run it serves.
 * @returns whether there was a call: with no rider to fetch the permit is given back
 * @throws as `callUpstream`, once the riders are wanted as before
 */
export const makeBulkCall = (sync: Sync, request: BulkRequest): Promise<boolean> =>
  inSpan('bulk call', { root: true }, async (span) => {
    const id = crypto.randomUUID();
    const call: BulkCall = { id, sync, request, span, trace: currentTraceContext(), sentAt: 0 };
    const { lane, signal, requestedAt, onWaiting } = request;
    const slotId = request.run()?.slotId;
    try {
      const mine = { ...sync, signal };
      const answer = await callUpstream<'riders_bulk', RidersResponse>(mine, {
        endpoint: 'riders_bulk',
        lane,
        requestedAt,
        ...(slotId !== undefined && { slotId }),
        owner: {},
        attempts: 1,
        onWaiting,
        choose: () => depart(call),
      });
      if (!answer || !call.held) return false;
      await arrive(call, call.held, answer);
      return true;
    } catch (error) {
      await lose(call, error);
      throw error;
    }
  });

/** The permit is there: chooses the riders of the call. */
async function depart(call: BulkCall): Promise<ChosenCall<'riders_bulk', RidersResponse> | undefined> {
  const { sync, request, span } = call;
  const held = await load(sync, request);
  const { wanted, outsiders, riderIds } = held.value;
  if (riderIds.length === 0) {
    await held.end(async () => {});
    return undefined;
  }
  call.held = held;
  call.sentAt = nowMs(sync);
  for (const id of riderIds) request.inHand.add(id);
  moved(call, 'sent', held.value, outsiders.length);
  const [commandId, ...others] = new Set(wanted.map((each) => each.commandId));
  const run = request.run();
  const served = new Set([...wanted, ...(run ? [run] : [])].map(({ traceparent }) => traceparent));
  span.addLinks([...served].flatMap((traceparent) => (traceparent === null ? [] : linksTo({ traceparent }))));
  return {
    target: `${riderIds.length} riders`,
    owner: {
      ...(run && { runId: run.runId }),
      ...(commandId !== undefined && others.length === 0 && { commandId }),
    },
    // At once, not when it is called again in a raised lane: until then another call may have them.
    send: (permit: Permit<'riders_bulk'>) =>
      sync.upstream.getRiders(permit, riderIds).catch(async (error: unknown) => {
        await lose(call, error);
        throw error;
      }),
    outcome: ({ riders, missing, skipped }) =>
      callOutcome(
        `${riders.length} riders${missing.length > 0 ? `, ${missing.length} unknown` : ''}`,
        skipped,
      ),
  };
}

async function load(sync: Sync, { clubIds, run, inHand }: BulkRequest): Promise<HeldTransaction<BulkLoad>> {
  const now = nowMs(sync);
  await endFresh(sync.db, now);
  const longest = sync.clock.toMachine(callTimeout('riders_bulk', sync.clock)) + graceMs;
  return hold(sync.db, longest, async (tx) => {
    const wanted = await takeWanted(tx, fullCall, inHand);
    const ids = [...new Set(wanted.map(({ riderId }) => riderId))];
    const slotRun = run();
    if (ids.length === 0 && !slotRun) return { wanted, outsiders: [], riderIds: [] };
    const staleBefore = Math.max(now - fillUpAge, slotRun?.scheduledFor ?? 0);
    const outsiders = await takeOutsiders(sync.db, { clubIds, staleBefore }, ids, fullCall - ids.length, now);
    return { wanted, outsiders, riderIds: [...ids, ...outsiders] };
  });
}

/** The answer has cost a quarter of an hour's only call: when its transaction has broken it is stored in another one. */
async function arrive(
  call: BulkCall,
  held: HeldTransaction<BulkLoad>,
  answer: RidersResponse,
): Promise<void> {
  const { sync, sentAt } = call;
  const { riderIds, outsiders } = held.value;
  const requested = new Set(riderIds);
  const wanted = answer.riders.filter(({ rider }) => requested.has(rider.riderId));
  const now = nowMs(sync);
  const write = async (tx: Transaction) => {
    await storeRiders(tx, wanted, now);
    await endWanted(tx, outcomesOf(riderIds, answer), sentAt, now);
  };
  await held.end(write).catch(async (error: unknown) => {
    const err = plainError(error);
    sync.log.warn({ err }, 'the transaction of a bulk call broke, storing its answer in another one');
    await throughOutages(sync, () => sync.db.transaction(write));
  });
  delete call.held;
  const brought = new Set(answer.riders.map(({ rider }) => rider.riderId));
  moved(call, 'answered', held.value, outsiders.filter((id) => brought.has(id)).length);
}

/** The riders are wanted as before; a transaction that cannot be ended is over as well, and they are only uncounted. */
async function lose(call: BulkCall, error: unknown): Promise<void> {
  const { sync, held } = call;
  if (!held) return;
  delete call.held;
  const { wanted, outsiders } = held.value;
  const code = error instanceof UpstreamError ? error.code : undefined;
  const ids = wanted.map(({ riderId }) => riderId);
  const note = (tx: Transaction) =>
    code === undefined || code === 'rate_limited'
      ? giveBackOutsiders(tx, outsiders)
      : loseWanted(tx, ids, plainError(error).message, lasting.has(code), nowMs(sync));
  await held.end(note).catch((err: unknown) => sync.log.warn({ err: plainError(err) }, 'a lost bulk call'));
  moved(call, 'lost', held.value, 0);
}

function moved(
  { id, request, sentAt, trace }: BulkCall,
  stage: BulkCallChanged['stage'],
  { wanted, riderIds }: BulkLoad,
  outsiders: number,
): void {
  if (stage !== 'sent') for (const riderId of riderIds) request.inHand.delete(riderId);
  const imports = new Set(wanted.flatMap(({ why, commandId }) => (why === 'import' ? [commandId] : [])));
  const who = { riderIds: [...riderIds], imports: [...imports], outsiders };
  request.onMoved({ call: id, stage, sentAt, ...who, trace });
}
