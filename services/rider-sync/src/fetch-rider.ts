import type { AddRider, Progress } from '@paceline/shared/contracts';
import { PermitRefused } from '@paceline/shared/limiter';
import { answered, callUpstream, type Sync, throughOutages } from '@paceline/shared/sync';
import { isStoredSince, storeRiders } from './adapters/riders.ts';
import { deadlineOf, progressOf } from './core/command.ts';

/** Real ms: on a fast clock the machine is still given so long to fetch a rider. */
const leastWaitMs = 5_000;

type Tell = (progress: Progress) => void;

/** A fetch that has not ended, and who is told how it goes. */
interface UnderWay {
  readonly stored: Promise<void>;
  readonly tells: Set<Tell>;
  last?: Progress;
}

/**
 * Fetches a rider as soon as a call is free, and stores it; does nothing when it was stored since the command was given.
 * @throws as `callUpstream`
 */
export type FetchRider = (command: AddRider, tell: Tell) => Promise<void>;

/** Whoever asks for a rider that is being fetched already shares that call, and is told how it goes. */
export function fetchShared(sync: Sync): FetchRider {
  const underWay = new Map<number, UnderWay>();

  function begin(command: AddRider, tell: Tell): UnderWay {
    const { riderId } = command;
    const tells = new Set([tell]);
    const tellAll = (progress: Progress) => {
      begun.last = progress;
      for (const each of tells) each(progress);
    };
    const stored = fetchOne(sync, command, tellAll).finally(() => underWay.delete(riderId));
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

async function fetchOne(
  sync: Sync,
  { commandId, riderId, requestedAt }: AddRider,
  tell: Tell,
): Promise<void> {
  const item = await callUpstream(sync, {
    endpoint: 'riders_single',
    lane: 'manual_rider_add',
    deadline: deadlineOf(Math.round(sync.clock.now()), sync.clock.fromMachine(leastWaitMs)),
    firstAskedAt: requestedAt,
    owner: { commandId },
    attempts: Number.POSITIVE_INFINITY,
    onWaiting: (waiting) => tell(progressOf(waiting)),
    choose: async () => {
      if (await throughOutages(sync, () => isStoredSince(sync.db, riderId, requestedAt))) return undefined;
      tell({ state: 'running' });
      return {
        target: String(riderId),
        send: (permit) => sync.upstream.getRider(permit, riderId),
        outcome: ({ rider }) => answered(rider.name),
      };
    },
  });
  if (!item) return;
  await throughOutages(sync, () =>
    sync.db.transaction((tx) => storeRiders(tx, [item], Math.round(sync.clock.now()))),
  );
}
