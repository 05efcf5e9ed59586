import type { Members } from './members.ts';

/** What one limiter owns: the sequence of its claim to each partition, null while it still claims it. */
export type Claims = ReadonlyMap<number, number | null>;

export interface Membership {
  readonly limiter: string;
  readonly mine: Claims;
  readonly members: Members;
  readonly partitions: readonly number[];
}

/** What a limiter should do about the partitions, as far as it knows who is there and who owns what. */
export interface Duties {
  /** Its share, that nobody owns. */
  readonly take: readonly number[];
  /** Its own, but the share of another that is there. */
  readonly shed: readonly number[];
  /** Its own no longer: another has claimed it later. */
  readonly lost: readonly number[];
}

export function dutiesOf({ limiter, mine, members, partitions }: Membership): Duties {
  const all = new Map([...members].map(([id, { owns }]) => [id, claimsOf(owns)] as const)).set(limiter, mine);
  const owners = ownersOf(all);
  const shares = sharesOf([...all.keys()], partitions, owners);
  const own = [...mine.keys()];
  return {
    take: partitions.filter((each) => !owners.has(each) && shares.get(each) === limiter),
    shed: own.filter((each) => shares.get(each) !== limiter),
    lost: own.filter((each) => mine.get(each) !== null && owners.get(each) !== limiter),
  };
}

const claimsOf = (owns: ReadonlyArray<{ partition: number; claim: number | null }>): Claims =>
  new Map(owns.map(({ partition, claim }) => [partition, claim]));

/** Where two say that they own a partition, the later claim counts; one that is being made will be the later one. */
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

/** Who owns, or is to own, each partition. */
export type Owners = ReadonlyMap<number, string>;

/**
 * Which limiter is to own which partition: as many each, to within one, and whoever owns one keeps it as far as that
 * allows. So nothing moves but the share of who joined, or what belonged to who left.
 * @param limiters the ids of all that are there, at least one
 * @param owners who owns what now; what nobody of `limiters` owns is free
 */
export function sharesOf(limiters: readonly string[], partitions: readonly number[], owners: Owners): Owners {
  const owned = new Map(limiters.toSorted().map((limiter) => [limiter, [] as number[]]));
  for (const partition of partitions) owned.get(owners.get(partition) ?? '')?.push(partition);

  const shares = new Map<number, string>();
  const room = roomOf(owned, partitions.length);
  const give = (partition: number, limiter: string) => {
    shares.set(partition, limiter);
    room.set(limiter, (room.get(limiter) ?? 0) - 1);
  };
  const hasRoom = (limiter: string) => (room.get(limiter) ?? 0) > 0;
  for (const [limiter, its] of owned)
    for (const partition of its) if (hasRoom(limiter)) give(partition, limiter);
  for (const partition of partitions) {
    if (shares.has(partition)) continue;
    const next = [...owned.keys()].find(hasRoom);
    if (next !== undefined) give(partition, next);
  }
  return shares;
}

/** How many partitions each is to own. Where they don't come out even, those that own more anyway have one more. */
function roomOf(owned: ReadonlyMap<string, readonly number[]>, partitions: number): Map<string, number> {
  const least = Math.floor(partitions / owned.size);
  const limiters = [...owned.keys()];
  const ownsMore = (limiter: string) => (owned.get(limiter)?.length ?? 0) > least;
  const byNeed = [...limiters.filter(ownsMore), ...limiters.filter((limiter) => !ownsMore(limiter))];
  const withOneMore = partitions % owned.size;
  return new Map(byNeed.map((limiter, index) => [limiter, index < withOneMore ? least + 1 : least]));
}
