import { catalog, type Presence } from '@paceline/shared/contracts';
import { allPartitions, partitionOf } from '@paceline/shared/limiter';
import { type Bus, listen } from '@paceline/shared/messaging';
import { eventually } from '@paceline/shared/testing';

/** Which limiter owns what, by what they say of themselves. */
export interface Ownership {
  /** Ids of limiters that were heard so far. */
  known(): ReadonlySet<string>;
  /** Waits for one that is not among those, and returns its id. */
  newcomer(known: ReadonlySet<string>): Promise<string>;
  /** Waits until these own everything between them, as evenly as can be. */
  sharedOut(limiters: readonly string[]): Promise<void>;
  /** Names of accounts, never given before, that this limiter answers for; all in one partition. */
  accountsOf(limiter: string, count: number): string[];
}

const patience = { timeoutMs: 30_000 };

export function watchOwnership(bus: Bus): Ownership {
  const last = new Map<string, Presence>();
  let given = 0;
  listen(bus, catalog.present, {}, (presence) => last.set(presence.limiter, presence));
  const owned = (limiter: string) =>
    (last.get(limiter)?.owns ?? []).filter(({ claim }) => claim !== null).map(({ partition }) => partition);
  return {
    known: () => new Set(last.keys()),
    newcomer: (known) =>
      eventually(() => {
        const found = [...last.keys()].find((limiter) => !known.has(limiter));
        if (!found) throw new Error('no new limiter was heard');
        return found;
      }, patience),
    sharedOut: (limiters) =>
      eventually(() => {
        const counts = limiters.map((limiter) => owned(limiter).length);
        const all = new Set(limiters.flatMap(owned));
        const even = Math.max(...counts) - Math.min(...counts) <= 1;
        if (all.size < allPartitions.length || !even) throw new Error('the partitions are not shared out');
      }, patience),
    accountsOf(limiter, count) {
      const [partition] = owned(limiter);
      const accounts: string[] = [];
      while (accounts.length < count) {
        given += 1;
        const name = `account-${given}`;
        if (partitionOf(name) === partition) accounts.push(name);
      }
      return accounts;
    },
  };
}
