import type { PartitionOwnership, Heartbeat } from '@paceline/shared/contracts';
import { accountOf, allPartitions, partitionOf } from '@paceline/shared/limiter';
import { expect } from 'vitest';
import type { Stage } from './stage.ts';

/** Which partitions a limiter owns, by what it has said of itself. */
export const partitionsIn = ({ owns }: Pick<Heartbeat, 'owns'>): number[] =>
  owns.map(({ partition }) => partition).toSorted((a, b) => a - b);

/** As many accounts as there are partitions, one in each. */
export function oneAccountEach(): Map<number, string> {
  const accounts = new Map<number, string>();
  while (accounts.size < allPartitions.length) {
    const account = accountOf(crypto.randomUUID());
    accounts.set(partitionOf(account), account);
  }
  return accounts;
}

/** The limiters of a stage as owners of partitions. */
export function replicasOn(stage: Stage) {
  const ownedBy = (id: string): readonly PartitionOwnership[] =>
    stage.said.findLast(({ limiter }) => limiter === id)?.owns ?? [];
  const partitionsOf = (id: string): number[] => partitionsIn({ owns: [...ownedBy(id)] });
  return {
    partitionsOf,
    /** A client whose account is in a partition of this limiter. */
    clientOf: (id: string) => stage.client(oneAccountEach().get(partitionsOf(id)[0] ?? -1)),
    /** Waits until these limiters own every partition once, and as many each, to within one. */
    sharedOut: (...limiters: ReadonlyArray<{ id: string }>): Promise<void> =>
      stage.until(() => {
        const ids = limiters.map(({ id }) => id);
        const counts = ids.map((id) => partitionsOf(id).length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(ids.flatMap(partitionsOf).toSorted((a, b) => a - b)).toEqual(allPartitions);
        expect(ids.flatMap(ownedBy).every(({ claim }) => claim !== null)).toBe(true);
      }),
  };
}
