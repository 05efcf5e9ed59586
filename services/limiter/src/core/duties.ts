import type { Members } from './members.ts';
import { type Owners, sharesOf } from './shares.ts';

/** What one limiter owns: the sequence of its claim to each partition, null while it still claims it. */
export type Claims = ReadonlyMap<number, number | null>;

export interface Standing {
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

export function dutiesOf({ limiter, mine, members, partitions }: Standing): Duties {
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
