import type { PartitionOwnership, Heartbeat } from '@paceline/shared/contracts';
import { accountOf, allPartitions, partitionOf } from '@paceline/shared/limiter';
import { expect } from 'vitest';
import type { LimiterHarness } from './harness.ts';

/** The partitions in a heartbeat, sorted. */
export const partitionsIn = ({ owns }: Pick<Heartbeat, 'owns'>): number[] =>
  owns.map(({ partition }) => partition).toSorted((a, b) => a - b);

/** One account in each partition, by partition. */
export function accountPerPartition(): Map<number, string> {
  const accounts = new Map<number, string>();
  while (accounts.size < allPartitions.length) {
    const account = accountOf(crypto.randomUUID());
    accounts.set(partitionOf(account), account);
  }
  return accounts;
}

/** Helpers for the ownership of partitions on a harness. */
export function replicasOn(harness: LimiterHarness) {
  const claimsOf = (id: string): readonly PartitionOwnership[] =>
    harness.heartbeats.findLast(({ limiter }) => limiter === id)?.owns ?? [];
  const partitionsOf = (id: string): number[] => partitionsIn({ owns: [...claimsOf(id)] });
  return {
    partitionsOf,
    /** A client whose account is in a partition of this limiter. */
    clientOf: (id: string) => harness.client(accountPerPartition().get(partitionsOf(id)[0] ?? -1)),
    /** Waits until these limiters own every partition once, in equal numbers to within one. */
    shareEvenly: (...limiters: ReadonlyArray<{ id: string }>): Promise<void> =>
      harness.until(() => {
        const ids = limiters.map(({ id }) => id);
        const counts = ids.map((id) => partitionsOf(id).length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(ids.flatMap(partitionsOf).toSorted((a, b) => a - b)).toEqual(allPartitions);
        expect(ids.flatMap(claimsOf).every(({ claim }) => claim !== null)).toBe(true);
      }),
  };
}
