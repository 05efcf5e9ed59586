/** A rider that a command needs, as its row stores it. Times are project ms. */
export interface WantedRider {
  readonly commandId: string;
  readonly riderId: number;
  readonly why: 'add' | 'import';
  /** A copy fetched at this time or later is fresh enough. */
  readonly freshFrom: number;
  readonly since: number;
}

type Outcome = 'done' | 'failed';

interface Row extends WantedRider {
  /** The number of bulk calls that were lost with it. */
  lost: number;
  /** A bulk call in flight includes it. */
  isLocked: boolean;
}

/** The table of wanted riders in Postgres, as the rider sync uses it. Each rider is wanted by one command. */
export type WantedRiders = ReturnType<typeof createWantedRiders>;

export function createWantedRiders(isStoredSince: (riderId: number, since: number) => boolean) {
  const waiting = new Map<number, Row>();
  const outcomes = new Map<number, Outcome>();

  function end(riderId: number, outcome: Outcome): void {
    if (waiting.delete(riderId)) outcomes.set(riderId, outcome);
  }

  return {
    end,
    outcomeOf: (riderId: number): Outcome | undefined => outcomes.get(riderId),
    /** Lists a rider for the next bulk call, unless it is or was listed already. */
    add(wanted: WantedRider): void {
      const { riderId } = wanted;
      if (!outcomes.has(riderId) && !waiting.has(riderId))
        waiting.set(riderId, { ...wanted, lost: 0, isLocked: false });
    },
    /** Stores the outcome of a rider that a GET has fetched, unless a bulk call includes it. */
    endFetched(riderId: number): void {
      if (waiting.get(riderId)?.isLocked === false) end(riderId, 'done');
    },
    /** Ends riders whose stored copies are fresh enough. */
    endFresh(): void {
      for (const { riderId, freshFrom, isLocked } of waiting.values())
        if (!isLocked && isStoredSince(riderId, freshFrom)) end(riderId, 'done');
    },
    /** Locks the next riders for a call: adds first, then the oldest imports. */
    lock(limit: number): WantedRider[] {
      const next = [...waiting.values()]
        .filter(({ isLocked }) => !isLocked)
        .toSorted(
          (a, b) =>
            Number(a.why === 'import') - Number(b.why === 'import') ||
            a.since - b.since ||
            a.riderId - b.riderId,
        )
        .slice(0, limit);
      for (const row of next) row.isLocked = true;
      return next;
    },
    /** Unlocks the riders of a call that was lost. */
    unlock(riderIds: readonly number[]): void {
      for (const riderId of riderIds) {
        const row = waiting.get(riderId);
        if (row) row.isLocked = false;
      }
    },
    /** Counts a lost call. @returns riders of imports that have lost `max` calls and fail therefore */
    recordLostCall(riderIds: readonly number[], max: number): number[] {
      return riderIds.filter((riderId) => {
        const row = waiting.get(riderId);
        if (!row) return false;
        row.lost += 1;
        const hasFailed = row.why === 'import' && row.lost >= max;
        if (hasFailed) end(riderId, 'failed');
        return hasFailed;
      });
    },
    /** The waiting riders of a command, ascending. */
    waitingOf: (commandId: string): number[] =>
      [...waiting.values()]
        .filter((row) => row.commandId === commandId)
        .map(({ riderId }) => riderId)
        .toSorted((a, b) => a - b),
  };
}
