import type { Lane } from '@paceline/shared/definition';
import { callTimeout } from '@paceline/shared/config';
import type { BulkMoved } from '@paceline/shared/contracts';
import type { Permit, Waiting } from '@paceline/shared/limiter';
import {
  answered,
  callUpstream,
  plainError,
  type RunRow,
  type Sync,
  throughOutages,
} from '@paceline/shared/sync';
import type { Transaction } from '@paceline/shared/sync';
import { currentTraceContext, inSpan, linksTo, type Span } from '@paceline/shared/telemetry';
import { type RidersAnswer, UpstreamError } from '@paceline/shared/zwiftracing';
import { type Held, hold } from './adapters/hold.ts';
import { giveBackOutsiders, takeOutsiders } from './adapters/outsiders.ts';
import { storeRiders } from './adapters/riders.ts';
import { endFresh, endWanted, loseWanted, type Taken, takeWanted } from './adapters/wanted.ts';
import { fillUpAge, fullCall, outcomesOf } from './core/bulk.ts';

/** The run of a slot that is open, which refreshes riders outside the clubs. */
export type Slot = Pick<RunRow, 'runId' | 'slotId' | 'scheduledFor' | 'traceparent'>;

export interface BulkAsk {
  readonly lane: Lane;
  /** Ends the wait for the permit; a call that has left is not ended. */
  readonly signal: AbortSignal;
  readonly firstAskedAt: number;
  readonly clubIds: readonly number[];
  /** The riders who are on calls of this process. */
  readonly inHand: Set<number>;
  /** Asked when the permit is there: without one, no call is made for riders outside the clubs alone. */
  slot(): Slot | undefined;
  onWaiting(waiting: Waiting): void;
  onMoved(move: BulkMoved): void;
}

/** What is on a call. */
interface Load {
  readonly wanted: readonly Taken[];
  readonly outsiders: readonly number[];
  readonly riderIds: readonly number[];
}

/** Real ms that the holder of a call's riders may be silent beyond the longest call. */
const graceMs = 60_000;

/** What fails for these reasons will fail the next time too. */
const lasting: ReadonlySet<string> = new Set(['unauthorized', 'not_found', 'rejected']);

/**
 * Makes a bulk call, in a trace of its own that links to those of the commands and of the run that it serves: theirs link
 * back to it.
 */
export const makeBulkCall = (sync: Sync, ask: BulkAsk): Promise<boolean> =>
  inSpan('bulk call', { root: true }, (span) => callForAll(sync, ask, span));

/**
 * Waits for a permit and makes one bulk call for whoever is wanted then: adds, imports, and with what room is left the
 * oldest riders outside the clubs. What becomes of each is stored in one transaction. Whoever dies lets go of them all.
 * @returns whether there was a call: with nobody to fetch the permit is given back
 * @throws as `callUpstream`, once the riders are wanted as before
 */
async function callForAll(sync: Sync, ask: BulkAsk, span: Span): Promise<boolean> {
  const call = crypto.randomUUID();
  const now = () => Math.round(sync.clock.now());
  let held: Held<Load> | undefined;
  let sentAt = 0;
  const trace = currentTraceContext();

  const move = (stage: BulkMoved['stage'], { wanted, riderIds }: Load, outsiders: number) => {
    if (stage !== 'sent') for (const id of riderIds) ask.inHand.delete(id);
    const imports = wanted.flatMap(({ why, commandId }) => (why === 'import' ? [commandId] : []));
    ask.onMoved({
      call,
      stage,
      sentAt,
      riderIds: [...riderIds],
      imports: [...new Set(imports)],
      outsiders,
      trace,
    });
  };

  const lose = async (error: unknown) => {
    const lost = held;
    held = undefined;
    if (!lost) return;
    const code = error instanceof UpstreamError ? error.code : undefined;
    const ids = lost.value.wanted.map(({ riderId }) => riderId);
    const note = (tx: Transaction) =>
      code === undefined || code === 'rate_limited'
        ? giveBackOutsiders(tx, lost.value.outsiders)
        : loseWanted(tx, ids, plainError(error).message, lasting.has(code), now());
    // A transaction that can't be ended is over as well: they are wanted, only uncounted.
    await lost.end(note).catch((err: unknown) => sync.log.warn({ err: plainError(err) }, 'a lost bulk call'));
    move('lost', lost.value, 0);
  };

  const choose = async () => {
    const begun = await load(sync, ask, now());
    const { wanted, outsiders, riderIds } = begun.value;
    if (riderIds.length === 0) {
      await begun.end(async () => {});
      return undefined;
    }
    held = begun;
    sentAt = now();
    for (const id of riderIds) ask.inHand.add(id);
    move('sent', begun.value, outsiders.length);
    const [commandId, ...others] = new Set(wanted.map((each) => each.commandId));
    const slot = ask.slot();
    const served = new Set([...wanted, ...(slot ? [slot] : [])].map(({ traceparent }) => traceparent));
    span.addLinks(
      [...served].flatMap((traceparent) => (traceparent === null ? [] : linksTo({ traceparent }))),
    );
    return {
      target: `${riderIds.length} riders`,
      owner: {
        ...(slot && { runId: slot.runId }),
        ...(commandId !== undefined && others.length === 0 && { commandId }),
      },
      // At once, not when it is called again in a raised lane: until then somebody else may have them.
      send: (permit: Permit<'riders_bulk'>) =>
        sync.upstream.getRiders(permit, riderIds).catch(async (error: unknown) => {
          await lose(error);
          throw error;
        }),
      outcome: ({ riders, missing, skipped }: RidersAnswer) =>
        answered(
          `${riders.length} riders${missing.length > 0 ? `, ${missing.length} unknown` : ''}`,
          skipped,
        ),
    };
  };

  try {
    const { lane, signal, firstAskedAt, onWaiting } = ask;
    const slotId = ask.slot()?.slotId;
    const answer = await callUpstream<'riders_bulk', RidersAnswer>(
      { ...sync, signal },
      {
        endpoint: 'riders_bulk',
        lane,
        firstAskedAt,
        ...(slotId !== undefined && { slotId }),
        owner: {},
        attempts: 1,
        onWaiting,
        choose,
      },
    );
    if (!answer || !held) return false;
    const done = held;
    await store(sync, done, answer, sentAt);
    held = undefined;
    const brought = new Set(answer.riders.map(({ rider }) => rider.riderId));
    move('answered', done.value, done.value.outsiders.filter((id) => brought.has(id)).length);
    return true;
  } catch (error) {
    await lose(error);
    throw error;
  }
}

async function load(sync: Sync, { clubIds, slot, inHand }: BulkAsk, now: number): Promise<Held<Load>> {
  await endFresh(sync.db, now);
  const longest = sync.clock.toMachine(callTimeout('riders_bulk', sync.clock)) + graceMs;
  return hold(sync.db, longest, async (tx) => {
    const wanted = await takeWanted(tx, fullCall, inHand);
    const ids = [...new Set(wanted.map(({ riderId }) => riderId))];
    const run = slot();
    if (ids.length === 0 && !run) return { wanted, outsiders: [], riderIds: [] };
    const staleBefore = Math.max(now - fillUpAge, run?.scheduledFor ?? 0);
    const outsiders = await takeOutsiders(sync.db, { clubIds, staleBefore }, ids, fullCall - ids.length, now);
    return { wanted, outsiders, riderIds: [...ids, ...outsiders] };
  });
}

/** The answer has cost a quarter of an hour's only call: when its transaction has broken it is stored in another one. */
async function store(sync: Sync, held: Held<Load>, answer: RidersAnswer, sentAt: number): Promise<void> {
  const { riderIds } = held.value;
  const asked = new Set(riderIds);
  const now = Math.round(sync.clock.now());
  const write = async (tx: Transaction) => {
    await storeRiders(
      tx,
      answer.riders.filter(({ rider }) => asked.has(rider.riderId)),
      now,
    );
    await endWanted(tx, outcomesOf(riderIds, answer), sentAt, now);
  };
  await held.end(write).catch(async (error: unknown) => {
    sync.log.warn(
      { err: plainError(error) },
      'the transaction of a bulk call broke, storing its answer in another one',
    );
    await throughOutages(sync, () => sync.db.transaction(write));
  });
}
