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
