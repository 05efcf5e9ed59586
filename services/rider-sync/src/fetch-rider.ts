import type { AddRider, Progress, TraceContext } from '@paceline/shared/contracts';
import { PermitRefused } from '@paceline/shared/limiter';
import type { Sync } from '@paceline/shared/sync';
import { activeSpan, currentTraceContext, linksTo } from '@paceline/shared/telemetry';
import { CommandCancelled } from './core/cancelled.ts';
import { deadlineOf } from './core/command.ts';
import type { Batcher } from './flows/batcher.ts';
import { fetchSingleOrBulk, type Tell } from './flows/single-or-bulk.ts';

/** Real ms: on a fast clock the machine is still given so long to fetch a rider. */
const leastWaitMs = 5_000;

/** A fetch that has not ended, and who is told how it goes. */
interface UnderWay {
  readonly stored: Promise<void>;
  readonly tells: Set<Tell>;
  /** The span of the command whose fetch it is. */
  readonly trace: TraceContext;
  last?: Progress;
}

/**
 * Fetches a rider as soon as a call is free, and stores it; does nothing when it was stored since the command was given.
 * @throws as `fetchSingleOrBulk`; the reason of `sync.signal` when that aborts first
 */
export type FetchRider = (sync: Sync, command: AddRider, tell: Tell) => Promise<void>;

/** Whoever asks for a rider that is being fetched already shares that call, and is told how it goes. */
export function fetchShared(batcher: Batcher): FetchRider {
  const underWay = new Map<number, UnderWay>();

  function begin(sync: Sync, { commandId, riderId, requestedAt }: AddRider, tell: Tell): UnderWay {
    const tells = new Set([tell]);
    const tellAll = (progress: Progress) => {
      begun.last = progress;
      for (const each of tells) each(progress);
    };
    const wanted = {
      commandId,
      riderId,
      why: 'add',
      freshFrom: requestedAt,
      since: requestedAt,
      lane: 'manual_rider_add',
      deadline: deadlineOf(Math.round(sync.clock.now()), sync.clock.fromMachine(leastWaitMs)),
      attempts: Number.POSITIVE_INFINITY,
    } as const;
    const stored = fetchSingleOrBulk(sync, batcher, wanted, tellAll).finally(() => underWay.delete(riderId));
    const begun: UnderWay = { stored, tells, trace: currentTraceContext() };
    underWay.set(riderId, begun);
    return begun;
  }

  return async (sync, command, tell) => {
    for (let others = underWay.get(command.riderId); others; others = underWay.get(command.riderId)) {
      others.tells.add(tell);
      activeSpan()?.addLinks(linksTo(others.trace));
      if (others.last) tell(others.last);
      try {
        await unlessAborted(others.stored, sync.signal);
        return;
      } catch (error) {
        sync.signal.throwIfAborted();
        // That one's time was over or nobody wants it any more; not this one.
        if (!(error instanceof PermitRefused || error instanceof CommandCancelled)) throw error;
      } finally {
        others.tells.delete(tell);
      }
    }
    await begin(sync, command, tell).stored;
  };
}

/** Settles as the work of others does; when the signal aborts first, it goes on without this one. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', abort));
}
