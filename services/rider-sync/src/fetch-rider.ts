import type { AddRider, Progress } from '@paceline/shared/contracts';
import { PermitRefused } from '@paceline/shared/limiter';
import type { Sync } from '@paceline/shared/sync';
import { deadlineOf } from './core/command.ts';
import type { Desk } from './desk.ts';
import { fetchEitherWay, type Tell } from './either-way.ts';

/** Real ms: on a fast clock the machine is still given so long to fetch a rider. */
const leastWaitMs = 5_000;

/** A fetch that has not ended, and who is told how it goes. */
interface UnderWay {
  readonly stored: Promise<void>;
  readonly tells: Set<Tell>;
  last?: Progress;
}

/**
 * Fetches a rider as soon as a call is free, and stores it; does nothing when it was stored since the command was given.
 * @throws as `fetchEitherWay`
 */
export type FetchRider = (command: AddRider, tell: Tell) => Promise<void>;

/** Whoever asks for a rider that is being fetched already shares that call, and is told how it goes. */
export function fetchShared(sync: Sync, desk: Desk): FetchRider {
  const underWay = new Map<number, UnderWay>();

  function begin({ commandId, riderId, requestedAt }: AddRider, tell: Tell): UnderWay {
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
    const stored = fetchEitherWay(sync, desk, wanted, tellAll).finally(() => underWay.delete(riderId));
    const begun: UnderWay = { stored, tells };
    underWay.set(riderId, begun);
    return begun;
  }

  return async (command, tell) => {
    for (let others = underWay.get(command.riderId); others; others = underWay.get(command.riderId)) {
      others.tells.add(tell);
      if (others.last) tell(others.last);
      try {
        await others.stored;
        return;
      } catch (error) {
        // That one's time was over, not this one's.
        if (!(error instanceof PermitRefused)) throw error;
      }
    }
    await begin(command, tell).stored;
  };
}
