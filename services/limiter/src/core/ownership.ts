import type { Members } from './members.ts';

/** The partitions of one limiter with the sequences of its claims; null while a claim is being made. */
export type Claims = ReadonlyMap<number, number | null>;

export interface Membership {
  readonly limiter: string;
  readonly own: Claims;
  readonly members: Members;
  readonly partitions: readonly number[];
}

/** What a limiter should do about the partitions, as far as it knows the members and their claims. */
export interface OwnershipPlan {
  /** Assigned to it and without an owner. */
  readonly claim: readonly number[];
  /** Its own, but assigned to another live limiter. */
  readonly release: readonly number[];
  /** No longer its own: another limiter has a later claim. */
  readonly lost: readonly number[];
}

export function planOwnership({ limiter, own, members, partitions }: Membership): OwnershipPlan {
  const all = new Map([...members].map(([id, { owns }]) => [id, claimsOf(owns)] as const)).set(limiter, own);
  const owners = ownersOf(all);
  const assigned = assignPartitions([...all.keys()], partitions, owners);
  const owned = [...own.keys()];
  return {
    claim: partitions.filter((each) => !owners.has(each) && assigned.get(each) === limiter),
    release: owned.filter((each) => assigned.get(each) !== limiter),
    lost: owned.filter((each) => own.get(each) !== null && owners.get(each) !== limiter),
  };
}

const claimsOf = (owns: ReadonlyArray<{ partition: number; claim: number | null }>): Claims =>
  new Map(owns.map(({ partition, claim }) => [partition, claim]));

/** If two limiters claim a partition, the later claim wins; one that is being made will be the latest. */
function ownersOf(limiters: ReadonlyMap<string, Claims>): Owners {
  const latest = new Map<number, { owner: string; claim: number }>();
  for (const [owner, claims] of limiters) {
    for (const [partition, made] of claims) {
      const claim = made ?? Infinity;
      if (claim > (latest.get(partition)?.claim ?? 0)) latest.set(partition, { owner, claim });
    }
  }
  return new Map([...latest].map(([partition, { owner }]) => [partition, owner]));
}

/** The current or assigned owner of each partition. */
export type Owners = ReadonlyMap<number, string>;

/**
 * Assigns every partition to a limiter: equal numbers to within one, and owners keep theirs as far as that allows. So
 * only the share of a limiter that joined, or the partitions of one that left, move.
 * @param limiters the ids of all live limiters, at least one
 * @param owners current owners; a partition whose owner is not among `limiters` is free
 */
export function assignPartitions(
  limiters: readonly string[],
  partitions: readonly number[],
  owners: Owners,
): Owners {
  const owned = new Map(limiters.toSorted().map((limiter) => [limiter, [] as number[]]));
  for (const partition of partitions) owned.get(owners.get(partition) ?? '')?.push(partition);

  const assigned = new Map<number, string>();
  const room = quotasOf(owned, partitions.length);
  const assign = (partition: number, limiter: string) => {
    assigned.set(partition, limiter);
    room.set(limiter, (room.get(limiter) ?? 0) - 1);
  };
  const hasRoom = (limiter: string) => (room.get(limiter) ?? 0) > 0;
  for (const [limiter, current] of owned)
    for (const partition of current) if (hasRoom(limiter)) assign(partition, limiter);
  for (const partition of partitions) {
    if (assigned.has(partition)) continue;
    const next = [...owned.keys()].find(hasRoom);
    if (next !== undefined) assign(partition, next);
  }
  return assigned;
}

/** How many partitions each limiter gets. If they don't divide evenly, limiters that own more already get one more. */
function quotasOf(owned: ReadonlyMap<string, readonly number[]>, partitions: number): Map<string, number> {
  const base = Math.floor(partitions / owned.size);
  const limiters = [...owned.keys()];
  const ownsMore = (limiter: string) => (owned.get(limiter)?.length ?? 0) > base;
  const byNeed = [...limiters.filter(ownsMore), ...limiters.filter((limiter) => !ownsMore(limiter))];
  const withOneMore = partitions % owned.size;
  return new Map(byNeed.map((limiter, index) => [limiter, index < withOneMore ? base + 1 : base]));
}
