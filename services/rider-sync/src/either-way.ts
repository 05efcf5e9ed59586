import type { Lane } from '@paceline/shared/definition';
import type { BulkMoved, Progress } from '@paceline/shared/contracts';
import { PermitRefused, type Waiting } from '@paceline/shared/limiter';
import { answered, callUpstream, plainError, type Sync, throughOutages } from '@paceline/shared/sync';
import { activeSpan, linksTo } from '@paceline/shared/telemetry';
import { UpstreamError } from '@paceline/shared/zwiftracing';
import { isStoredSince, storeRiders } from './adapters/riders.ts';
import { beginCall } from './adapters/commands.ts';
import { endWanted, findOutcome, wantRider } from './adapters/wanted.ts';
import { NotInAnswer, reasonOf } from './core/command.ts';
import { decideWay, overdueFrom } from './core/way.ts';
import type { Desk } from './desk.ts';

export type Tell = (progress: Progress) => void;

/** A rider whom a command wants now. Moments are project ms. */
export interface Wanted {
  readonly commandId: string;
  readonly riderId: number;
  readonly why: 'add' | 'import';
  /** A copy that was fetched at this moment or later will do. */
  readonly freshFrom: number;
  readonly since: number;
  readonly lane: Lane;
  /** After this moment nobody waits for a permit any more. */
  readonly deadline: number;
  /** How often a GET that fails for a passing reason is made at the most. */
  readonly attempts: number;
}

/**
 * Fetches a rider by a GET or by the next bulk call, whichever has its permit first, and stores it. Who is on a bulk
 * call leaves the line for GETs, and comes back to its place when the call is lost.
 * @throws {PermitRefused} when neither can go by the deadline; {NotInAnswer} when a bulk answer brought no such rider;
 *   {CommandCancelled} when nobody wants it any more; as `callUpstream` for the GET
 */
export async function fetchEitherWay(sync: Sync, desk: Desk, wanted: Wanted, tell: Tell): Promise<void> {
  const { commandId, riderId, why, lane, deadline, freshFrom } = wanted;
  const span = activeSpan();
  const ended = Promise.withResolvers<void>();
  let single: Waiting | undefined;
  let singleRefused: number | undefined;
  let bulk: Waiting | undefined;
  let listed: 'no' | 'soon' | 'yes' = 'no';
  let calling = false;
  let taken = false;
  /** A stay in the line for GETs: `over` when a bulk call takes the rider, `again` when there is to be another one. */
  let stay = newStay();

  const now = () => Math.round(sync.clock.now());

  function reconsider(): void {
    if (calling) return;
    const {
      wantsBulk,
      tell: news,
      refuse,
    } = decideWay({ single, singleRefused, bulk, taken, deadline }, now());
    if (news) tell(news);
    if (refuse !== undefined) ended.reject(new PermitRefused('riders_single', refuse));
    if (wantsBulk && listed === 'no') list().catch(ended.reject);
  }

  async function list(): Promise<void> {
    listed = 'soon';
    await throughOutages(sync, () => wantRider(sync.db, wanted));
    listed = 'yes';
    desk.reconsider();
  }

  function moved({ stage, riderIds, sentAt, trace }: BulkMoved): void {
    if (!riderIds.includes(riderId)) {
      // Those who went with it have left the line for GETs: there may be room now.
      if (stage === 'sent' && singleRefused !== undefined) giveBack();
      return;
    }
    if (stage === 'sent') span?.addLinks(linksTo(trace));
    if (stage === 'sent' && !calling) take(sentAt);
    if (stage === 'lost') giveBack();
    if (stage === 'answered') readOutcome().catch(ended.reject);
  }

  function take(sentAt: number): void {
    taken = true;
    stay.over.abort(new Error('a bulk call has taken the rider'));
    const overdue = overdueFrom(sentAt) + sync.clock.fromMachine(2_000) - now();
    sync.clock.sleep(overdue, stay.ended.signal).then(giveBack, () => undefined);
    reconsider();
  }

  function giveBack(): void {
    if (!taken && singleRefused === undefined) return;
    [taken, single, singleRefused] = [false, undefined, undefined];
    const before = stay;
    stay = newStay();
    before.ended.abort();
    before.again.resolve();
  }

  async function readOutcome(): Promise<void> {
    const found = await throughOutages(sync, () => findOutcome(sync.db, commandId, riderId));
    if (found?.outcome === 'done') ended.resolve();
    if (found?.outcome === 'failed') ended.reject(new NotInAnswer(found.reason ?? 'no reason given'));
  }

  async function bySingle(): Promise<void> {
    for (;;) {
      const { over, again } = stay;
      try {
        await getRider(over.signal);
        return;
      } catch (error) {
        const earliest = earliestOf(error, now());
        if (earliest === undefined && !over.signal.aborted) throw error;
        if (!over.signal.aborted) {
          singleRefused = earliest;
          reconsider();
        }
        await again.promise;
      }
    }
  }

  async function getRider(over: AbortSignal): Promise<void> {
    const item = await callUpstream(
      { ...sync, signal: AbortSignal.any([sync.signal, over]) },
      {
        endpoint: 'riders_single',
        lane,
        ...(Number.isFinite(deadline) && { deadline }),
        firstAskedAt: wanted.since,
        owner: { commandId },
        attempts: wanted.attempts,
        onWaiting(waiting) {
          single = waiting;
          reconsider();
        },
        choose: async () => {
          if (await throughOutages(sync, () => isStoredSince(sync.db, riderId, freshFrom))) return undefined;
          if (why === 'add') await throughOutages(sync, () => beginCall(sync.db, commandId, now()));
          calling = true;
          tell({ state: 'running', via: 'single' });
          return {
            target: String(riderId),
            send: (permit) => sync.upstream.getRider(permit, riderId).finally(() => (calling = false)),
            outcome: ({ rider }) => answered(rider.name),
          };
        },
      },
    );
    const done = { riderId, outcome: 'done', reason: null } as const;
    await throughOutages(sync, () =>
      sync.db.transaction(async (tx) => {
        if (item) await storeRiders(tx, [item], now());
        await endWanted(tx, [done], now(), now(), item ? undefined : commandId);
      }),
    );
  }

  const known = await throughOutages(sync, () => findOutcome(sync.db, commandId, riderId));
  if (known?.outcome === 'done') return;
  if (known) throw new NotInAnswer(known.reason ?? 'no reason given');

  const leave = desk.join({
    lane: () => (listed === 'yes' && !taken && !calling ? lane : undefined),
    waits(waiting) {
      bulk = waiting;
      if (waiting) reconsider();
    },
    moved,
  });
  const stop = () => ended.reject(sync.signal.reason);
  if (sync.signal.aborted) stop();
  sync.signal.addEventListener('abort', stop, { once: true });
  bySingle().then(ended.resolve, ended.reject);
  try {
    await ended.promise;
  } catch (error) {
    // An import's riders are wanted from its beginning, an add's once a bulk call may take it.
    if (!sync.signal.aborted && (why === 'import' || listed !== 'no')) {
      const failed = {
        riderId,
        outcome: 'failed',
        reason: reasonOf(plainError(error), riderId, now()),
      } as const;
      await throughOutages(sync, () => endWanted(sync.db, [failed], now(), now(), commandId));
    }
    throw error;
  } finally {
    sync.signal.removeEventListener('abort', stop);
    stay.over.abort(new Error('the rider is there, or will not be'));
    stay.ended.abort();
    leave();
  }
}

interface Stay {
  readonly over: AbortController;
  readonly ended: AbortController;
  readonly again: PromiseWithResolvers<void>;
}

const newStay = (): Stay => ({
  over: new AbortController(),
  ended: new AbortController(),
  again: Promise.withResolvers(),
});

/** When a GET that can't go in time could; undefined: it has failed for another reason. */
function earliestOf(error: unknown, now: number): number | undefined {
  if (error instanceof PermitRefused) return error.earliest;
  if (error instanceof UpstreamError && error.code === 'rate_limited' && error.retryAfterMs !== undefined)
    return now + error.retryAfterMs;
  return undefined;
}
